package dev.tapscope.profile;

import dev.tapscope.profile.ProfileRules.Part;
import dev.tapscope.tap.TapscopeException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the text form of profiles. One declaration a line, words parted by blanks; {@code #} begins
 * a comment anywhere; indentation and empty lines mean nothing.
 *
 * <pre>
 * profile    = "profile" NAME [ "for" TEXT ]          first line
 *              [ "bos" N ]                            id of the beginning-of-sequence token
 *              [ "text" "call" METHOD ]               the model's decoder of one id, (int)
 *              tap { tap }                            exactly one is "tap tokens"
 *
 * tap        = "tap" SITE                             then, in any order, each at most once:
 *              "in" METHOD
 *              join-point
 *              "value" value
 *              [ "layer" ( operand | N ) ]            without it the site lies outside the blocks
 *              [ "pos" ( operand | N ) ]              position of the first row; the pass's own else
 *              [ "cache" operand ]                    tap tokens only: one object, one sequence
 *              [ "rows" ( "every" | "some" ) ]        does every computed position pass here? every
 *              [ "alias" NAME { NAME } ]              names other tools use
 *
 * join-point = [ "at" ] "entry"
 *            | [ "at" ] "exit"                        before every normal return
 *            | ( "before" | "after" ) "call" METHOD N "of" M
 *            | "after" "store" ( "local" NAME | "slot" N ) N "of" M
 *
 * value      = operand [ "as" CODEC ]
 *            | "rms" operand "eps" operand "into" operand "gain" operand
 *
 * operand    = root { "." FIELD }
 * root       = "this" | "arg" N | "local" NAME | "slot" N
 *            | "call" "arg" N                         before or after a call
 *            | "return"                               at exit or after a call
 *
 * METHOD     = OWNER "." NAME [ "(" [ TYPE { "," TYPE } ] ")" ]
 * </pre>
 *
 * <p>Arguments and slots count from 0, {@code N of M} from 1 in bytecode order; M states how many
 * there are, and another number in the class is a misfit. OWNER is {@code a.b.Outer$Inner}; in a
 * call it may be short. TYPE is as in source, with short class names allowed; type arguments are
 * dropped. A method without parentheses must be the only one of its name.
 *
 * <p>Stateless and thread-safe.
 */
public final class ProfileParser {
  private record Place(LineReader reader, int column) {}

  /** A tap whose lines are still being read. */
  private static final class Draft {
    final String name;
    final int line;
    final Map<Part, Place> places = new EnumMap<>(Part.class);
    Optional<MethodRef> in = Optional.empty();
    Optional<JoinPoint> at = Optional.empty();
    Optional<Value> value = Optional.empty();
    Optional<Operand> layer = Optional.empty();
    Optional<Operand> position = Optional.empty();
    Optional<Operand> cache = Optional.empty();
    Optional<Site.Rows> rows = Optional.empty();
    List<String> aliases = List.of();

    Draft(String name, int line) {
      this.name = name;
      this.line = line;
    }

    Site site() {
      return new Site(
          name,
          need(in, "'in': the method"),
          need(at, "'at', 'after' or 'before': where in the method"),
          need(value, "'value': what is tapped"),
          layer,
          position,
          cache,
          rows.orElse(Site.Rows.EVERY),
          aliases,
          line);
    }

    private <T> T need(Optional<T> part, String what) {
      Place tap = places.get(Part.NAME);
      return part.orElseThrow(
          () -> tap.reader.error(tap.column, "'tap " + name + "' lacks " + what + "."));
    }
  }

  private final String file;
  private final Map<Part, Place> header = new EnumMap<>(Part.class);
  private final List<Draft> drafts = new ArrayList<>();
  private Optional<String> name = Optional.empty();
  private Optional<String> target = Optional.empty();
  private Optional<Integer> bos = Optional.empty();
  private Optional<MethodRef> text = Optional.empty();

  private ProfileParser(String file) {
    this.file = file;
  }

  /**
   * Reads a profile.
   *
   * @param fileName named in complaints
   * @throws TapscopeException {@code profile-syntax}, with {@code file:line:column}, what was
   *     expected and what is there
   */
  public static Profile parse(String text, String fileName) {
    return new ProfileParser(fileName).read(text);
  }

  private Profile read(String whole) {
    List<String> lines = whole.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      String line =
          i == 0 && lines.get(0).startsWith("\uFEFF") ? lines.get(0).substring(1) : lines.get(i);
      LineReader reader = new LineReader(file, i + 1, line);
      if (!reader.atEnd()) {
        line(reader, i + 1);
      }
    }
    if (name.isEmpty()) {
      throw new LineReader(file, Math.max(1, lines.size()), "")
          .error(1, "expected 'profile NAME', found the end of the file.");
    }
    List<Site> sites = drafts.stream().map(Draft::site).toList();
    Profile profile = new Profile(name.get(), target, bos, text, sites);
    ProfileRules.broken(profile)
        .ifPresent(broken -> {
          throw complaint(broken);
        });
    return profile;
  }

  private TapscopeException complaint(ProfileRules.Violation broken) {
    Map<Part, Place> places =
        broken.site() == ProfileRules.HEADER ? header : drafts.get(broken.site()).places;
    Place place = places.getOrDefault(broken.part(), places.get(Part.NAME));
    return place.reader.error(place.column, broken.sentence());
  }

  private void line(LineReader reader, int number) {
    int column = reader.column();
    if (name.isEmpty()) {
      reader.keyword("profile");
      profileLine(reader);
    } else if (reader.take("tap")) {
      int nameColumn = reader.column();
      Draft draft = new Draft(reader.word("the name of a site, such as res"), number);
      draft.places.put(Part.NAME, new Place(reader, nameColumn));
      reader.end("the name of a site");
      drafts.add(draft);
    } else if (drafts.isEmpty()) {
      headerLine(reader, column);
    } else if (Names.HEADER.contains(reader.peek())) {
      throw reader.error(
          column, "'" + reader.peek() + "' belongs once before the first tap, found here.");
    } else {
      tapLine(drafts.get(drafts.size() - 1), reader, column);
    }
  }

  private void profileLine(LineReader reader) {
    header.put(Part.NAME, new Place(reader, reader.column()));
    name = Optional.of(reader.word("the name of the profile, such as gemma2", Names.PROFILE));
    if (reader.atEnd()) {
      return;
    }
    reader.keyword("for");
    if (reader.atEnd()) {
      throw reader.expected("what the profile is for");
    }
    target = Optional.of(reader.rest());
  }

  private void headerLine(LineReader reader, int column) {
    String wanted = "bos, text or tap";
    String keyword = reader.keyword(wanted, List.of("bos", "text", "tap"));
    boolean bosLine = keyword.equals("bos");
    if (bosLine ? bos.isPresent() : text.isPresent()) {
      throw reader.error(column, "'" + keyword + "' stands here a second time.");
    }
    if (bosLine) {
      bos = Optional.of(reader.number("a token id", 0, Integer.MAX_VALUE));
    } else {
      reader.keyword("call");
      header.put(Part.TEXT, new Place(reader, reader.column()));
      text = Optional.of(reader.method("the model's decoder, written Owner.method(int)"));
    }
    reader.end("'" + keyword + "'");
  }

  private void tapLine(Draft tap, LineReader reader, int column) {
    String keyword =
        reader.keyword("tap or a line of a tap (" + String.join(", ", Names.TAP) + ")", Names.TAP);
    Part part =
        switch (keyword) {
          case "in" -> Part.IN;
          case "value" -> Part.VALUE;
          case "layer" -> Part.LAYER;
          case "pos" -> Part.POS;
          case "cache" -> Part.CACHE;
          case "alias" -> Part.ALIAS;
          case "rows" -> Part.NAME; // no rule speaks of it
          default -> Part.AT;
        };
    boolean again = part == Part.NAME ? tap.rows.isPresent() : tap.places.containsKey(part);
    if (again) {
      throw reader.error(
          column, "'tap " + tap.name + "' has a second '" + keyword + "' line here; drop one.");
    }
    tap.places.putIfAbsent(part, new Place(reader, part == Part.AT ? column : reader.column()));
    String operands = "this, arg N, local NAME, slot N, call arg N or return";
    switch (keyword) {
      case "in" -> tap.in = Optional.of(reader.method("a method, written a.b.Owner.name(types)"));
      case "value" -> tap.value = Optional.of(value(reader, operands));
      case "layer" -> tap.layer = Optional.of(reader.operandOrNumber("a number, " + operands));
      case "pos" -> tap.position = Optional.of(reader.operandOrNumber("a number, " + operands));
      case "cache" -> tap.cache = Optional.of(reader.operand(operands));
      case "rows" ->
          tap.rows =
              Optional.of(
                  reader.keyword("every or some", List.of("every", "some")).equals("every")
                      ? Site.Rows.EVERY
                      : Site.Rows.SOME);
      case "alias" -> tap.aliases = aliases(reader);
      default -> tap.at = Optional.of(joinPoint(keyword, reader));
    }
    reader.end("'" + keyword + "'");
  }

  private static List<String> aliases(LineReader reader) {
    List<String> names = new ArrayList<>();
    do {
      names.add(reader.word("a name other tools use"));
    } while (!reader.atEnd());
    return names;
  }

  private static Value value(LineReader reader, String operands) {
    if (reader.take("rms")) {
      Operand source = reader.operand(operands);
      reader.keyword("eps");
      Operand eps = reader.operand(operands);
      reader.keyword("into");
      Operand into = reader.operand(operands);
      reader.keyword("gain");
      return new Value.Rms(source, eps, into, reader.operand(operands));
    }
    Operand operand = reader.operand("rms, " + operands);
    if (reader.atEnd()) {
      return new Value.Plain(operand, Optional.empty());
    }
    reader.keyword("as");
    return operand.as(reader.word("the name of a codec", Names.PROFILE));
  }

  private static JoinPoint joinPoint(String keyword, LineReader reader) {
    String place =
        keyword.equals("at") ? reader.keyword("entry or exit", List.of("entry", "exit")) : keyword;
    return switch (place) {
      case "entry" -> new JoinPoint.Entry();
      case "exit" -> new JoinPoint.Exit();
      case "before" -> {
        reader.keyword("call");
        MethodRef call = call(reader);
        int nth = nth(reader);
        yield new JoinPoint.BeforeCall(call, nth, of(reader));
      }
      default -> after(reader);
    };
  }

  private static JoinPoint after(LineReader reader) {
    if (reader.keyword("call or store", List.of("call", "store")).equals("call")) {
      MethodRef call = call(reader);
      int nth = nth(reader);
      return new JoinPoint.AfterCall(call, nth, of(reader));
    }
    int column = reader.column();
    reader.requireNext("local NAME or slot N", List.of("local", "slot"));
    Operand stored = reader.operand("local NAME or slot N");
    if (!stored.path().isEmpty()) {
      throw reader.error(
          column, "a store is to a variable, not to a field, found '" + stored + "'.");
    }
    int nth = nth(reader);
    return new JoinPoint.AfterStore(stored.root(), nth, of(reader));
  }

  private static MethodRef call(LineReader reader) {
    return reader.method("the called method, written Owner.name or Owner.name(types)");
  }

  private static int nth(LineReader reader) {
    return reader.number("N of M, such as '1 of 2'", 1, Integer.MAX_VALUE);
  }

  private static int of(LineReader reader) {
    reader.keyword("of");
    return reader.number("how many there are", 1, Integer.MAX_VALUE);
  }
}
