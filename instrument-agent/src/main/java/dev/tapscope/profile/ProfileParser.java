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
 *              tap { tap }                            at least one is "tap tokens"
 *
 * tap        = "tap" SITE                             then, in any order, each at most once:
 *              "in" METHOD { "lambda" N "of" M }      a lambda of the method, one in that, ...
 *              join-point
 *              "value" value
 *              [ "layer" layer ]                      without it the site lies outside the blocks
 *              [ "pos" ( operand | N ) ]              position of the first row; the pass's own else
 *              [ "cache" operand ]                    the object that stands for one sequence
 *              [ "rows" ( "every" | "some" ) ]        does every computed position pass here? every
 *              [ "alias" NAME { NAME } ]              names other tools use
 *              [ "body" FINGERPRINT ]                 eight hexadecimal digits
 *
 * join-point = [ "at" ] "entry"
 *            | [ "at" ] "exit"                        before every normal return
 *            | ( "before" | "after" | "around" ) "call" METHOD [ "fed" "by" FIELD ] N "of" M
 *            | "after" "store" variable N "of" M
 *            | ( "before" | "after" ) "put" FIELD N "of" M
 *            | "after" "element" ( variable | FIELD | "any" ) N "of" M
 *            | "loop" variable ( "begin" | "end" ) N "of" M
 *
 * value      = operand [ "as" CODEC ]
 *            | "return" "like" "call" "arg" N [ "as" CODEC ]       around a call
 *            | "rms" operand "eps" operand "into" operand "gain" operand
 *            | "scaled" operand "by" operand
 *
 * layer      = operand | N
 *            | "previous" ( operand | N )             the layer before that one
 *            | "latest"                               the highest that has fired in this pass
 *
 * operand    = root { "." NAME | "[" index "]" }
 * root       = "this" | "arg" N | variable
 *            | "stack" [ N ]                          N values below the top of the stack
 *            | "call" "arg" N | "call" "this"         at a call
 *            | "index" "of" "call" "arg" N            the i of w[i], where the call is passed w[i]
 *            | "return"                               at exit or after a call
 * index      = N | "arg" N | variable | "call" "arg" N
 * variable   = "local" NAME | "slot" N
 *
 * METHOD     = OWNER "." NAME [ "(" [ TYPE { "," TYPE } ] ")" ]
 * FIELD      = ( OWNER | "this" ) "." NAME
 * </pre>
 *
 * <p>Arguments and slots count from 0, {@code N of M} from 1 in bytecode order; M states how many
 * there are, and another number in the class is a misfit. OWNER is {@code a.b.Outer$Inner}; except
 * after {@code in} it may be short. TYPE is as in source, with short class names allowed; type
 * arguments are dropped. A method without parentheses must be the only one of its name.
 *
 * <p>Stateless and thread-safe.
 */
public final class ProfileParser {
  private record Place(LineReader reader, int column) {}

  /** A tap whose lines are still being read. */
  private static final class Draft {
    final String name;
    final int place;
    final int line;
    final Map<Part, Place> places = new EnumMap<>(Part.class);
    Optional<MethodRef> in = Optional.empty();
    Optional<JoinPoint> at = Optional.empty();
    Optional<Value> value = Optional.empty();
    List<LambdaRef> lambdas = new ArrayList<>();
    Optional<Layer> layer = Optional.empty();
    Optional<Operand> position = Optional.empty();
    Optional<Operand> cache = Optional.empty();
    Optional<Site.Rows> rows = Optional.empty();
    List<String> aliases = List.of();
    Optional<String> body = Optional.empty();

    Draft(String name, int place, int line) {
      this.name = name;
      this.place = place;
      this.line = line;
    }

    Site site() {
      return new Site(
          name,
          place,
          need(in, "'in': the method"),
          lambdas,
          need(at, "'at', 'after', 'before', 'around' or 'loop': where in the method"),
          need(value, "'value': what is tapped"),
          layer,
          position,
          cache,
          rows.orElse(Site.Rows.EVERY),
          aliases,
          body,
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
      String site = reader.word("the name of a site, such as res");
      int before = (int) drafts.stream().filter(d -> d.name.equals(site)).count();
      Draft draft = new Draft(site, before + 1, number);
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
          case "body" -> Part.BODY;
          case "rows" -> Part.ROWS;
          default -> Part.AT;
        };
    if (tap.places.containsKey(part)) {
      throw reader.error(
          column, "'tap " + tap.name + "' has a second '" + keyword + "' line here; drop one.");
    }
    tap.places.put(part, new Place(reader, part == Part.AT ? column : reader.column()));
    OperandReader operands = new OperandReader(reader);
    switch (keyword) {
      case "in" -> in(tap, reader);
      case "value" -> tap.value = Optional.of(value(reader));
      case "layer" -> tap.layer = Optional.of(layer(reader));
      case "pos" ->
          tap.position = Optional.of(operands.orNumber("a number, " + OperandReader.OPERANDS));
      case "cache" -> tap.cache = Optional.of(operands.read(OperandReader.OPERANDS));
      case "rows" ->
          tap.rows =
              Optional.of(
                  reader.keyword("every or some", List.of("every", "some")).equals("every")
                      ? Site.Rows.EVERY
                      : Site.Rows.SOME);
      case "alias" -> tap.aliases = aliases(reader);
      case "body" ->
          tap.body =
              Optional.of(reader.word("a fingerprint of eight digits 0-9 and a-f", Names.BODY));
      default -> tap.at = Optional.of(JoinPointReader.read(keyword, reader));
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

  private static void in(Draft tap, LineReader reader) {
    tap.in = Optional.of(reader.method("a method, written a.b.Owner.name(types)"));
    while (reader.take("lambda")) {
      int nth = reader.number("N of M, such as '1 of 2'", 1, Integer.MAX_VALUE);
      reader.keyword("of");
      int of = reader.number("how many there are", 1, Integer.MAX_VALUE);
      tap.lambdas.add(new LambdaRef(nth, of));
    }
  }

  private static Layer layer(LineReader reader) {
    OperandReader operands = new OperandReader(reader);
    String wanted = "a number, " + OperandReader.OPERANDS;
    if (reader.take("latest")) {
      return new Layer.Latest();
    }
    return reader.take("previous")
        ? new Layer.Previous(operands.orNumber(wanted))
        : new Layer.Of(operands.orNumber("previous, latest, " + wanted));
  }

  private static Value value(LineReader reader) {
    OperandReader operands = new OperandReader(reader);
    if (reader.take("rms")) {
      Operand source = operands.read(OperandReader.OPERANDS);
      reader.keyword("eps");
      Operand eps = operands.read(OperandReader.OPERANDS);
      reader.keyword("into");
      Operand into = operands.read(OperandReader.OPERANDS);
      reader.keyword("gain");
      return new Value.Rms(source, eps, into, operands.read(OperandReader.OPERANDS));
    }
    if (reader.take("scaled")) {
      Operand rows = operands.read(OperandReader.OPERANDS);
      reader.keyword("by");
      return new Value.Scaled(rows, operands.read(OperandReader.OPERANDS));
    }
    Operand operand = operands.read("rms, scaled, " + OperandReader.OPERANDS);
    if (operand.equals(Operand.of(new Operand.Root.Return())) && reader.take("like")) {
      return new Value.Result(like(reader), codec(reader));
    }
    return new Value.Plain(operand, codec(reader));
  }

  private static Operand.Root.CallArg like(LineReader reader) {
    int column = reader.column();
    Operand like = new OperandReader(reader).read("call arg N, whose form the result takes");
    if (like.root() instanceof Operand.Root.CallArg argument && like.path().isEmpty()) {
      return argument;
    }
    throw reader.error(
        column, "expected call arg N, whose form the result takes, found '" + like + "'.");
  }

  private static Optional<String> codec(LineReader reader) {
    if (reader.atEnd()) {
      return Optional.empty();
    }
    reader.keyword("as");
    return Optional.of(reader.word("the name of a codec", Names.PROFILE));
  }
}
