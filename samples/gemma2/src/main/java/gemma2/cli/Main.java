package gemma2.cli;

import gemma2.io.InputException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The {@code gemma2} command. Exit code 0: done; 1: failed; 2: the command line is wrong. */
public final class Main {

  private static final List<Command> COMMANDS =
      List.of(
          new GenerateCommand(),
          new ScoreCommand(),
          new TokenizeCommand(),
          new InfoCommand(),
          new BenchCommand());

  private Main() {}

  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    System.exit(run(args, new Console(out, err)));
  }

  /** Runs a command line; returns the exit code. */
  static int run(String[] args, Console console) {
    boolean debug = Arrays.asList(args).contains("--debug");
    try {
      dispatch(Arrays.asList(args), console);
      if (console.out().checkError()) {
        throw new InputException(
            "output-unwritable", "The output could not be written: its reader is gone or full.");
      }
      return 0;
    } catch (UsageException e) {
      report(e, "usage", e.getMessage() + " See gemma2 --help.", debug, console);
      return 2;
    } catch (InputException e) {
      report(e, e.id(), e.getMessage(), debug, console);
      return 1;
    } catch (OutOfMemoryError e) {
      report(
          e,
          "memory",
          "Java's memory is used up. Give it more with JAVA_OPTS=-Xmx8g.",
          debug,
          console);
      return 1;
    } catch (RuntimeException e) {
      report(
          e,
          "internal",
          "This should not have happened: %s. Run again with --debug and report what it prints."
              .formatted(e),
          debug,
          console);
      return 1;
    }
  }

  private static void report(
      Throwable cause, String id, String sentence, boolean debug, Console console) {
    console.out().flush();
    console.say("gemma2: [" + id + "] " + sentence);
    if (debug) {
      cause.printStackTrace(console.err());
    }
  }

  private static void dispatch(List<String> args, Console console) {
    if (args.isEmpty()) {
      throw new UsageException("A command is needed: " + String.join(", ", names()) + ".");
    }
    String word = args.getFirst();
    if (word.equals("--help") || word.equals("-h") || word.equals("help")) {
      console.out().print(help());
      return;
    }
    Command command =
        find(word)
            .orElseThrow(() ->
                new UsageException(
                    "There is no command \"%s\".%s"
                        .formatted(word, Arguments.nearest(word, names()))));
    List<Option> known = new ArrayList<>(command.options());
    known.addAll(Option.ALL_COMMANDS);
    Arguments arguments = Arguments.parse(known, args.subList(1, args.size()));
    if (arguments.has("--help")) {
      console.out().print(help(command, known));
    } else {
      command.run(arguments, console);
    }
  }

  private static List<String> names() {
    return COMMANDS.stream().map(Command::name).toList();
  }

  private static Optional<Command> find(String name) {
    return COMMANDS.stream().filter(command -> command.name().equals(name)).findFirst();
  }

  private static String help() {
    StringBuilder text = new StringBuilder("Gemma 2 in pure Java.\n\n");
    COMMANDS.forEach(c -> text.append("  gemma2 %-10s %s\n".formatted(c.name(), c.summary())));
    text.append("\nResults go to stdout, remarks to stderr. Exit code 0: done, 1: failed, 2: the");
    text.append(" command line is wrong.\ngemma2 COMMAND --help lists a command's options.\n");
    return text.toString();
  }

  private static String help(Command command, List<Option> options) {
    StringBuilder text =
        new StringBuilder("gemma2 %s: %s\n\n".formatted(command.name(), command.summary()));
    options.forEach(o -> text.append("  %-30s %s\n".formatted(o.synopsis(), o.help())));
    text.append("\nExamples:\n");
    command.examples().forEach(example -> text.append("  ").append(example).append('\n'));
    return text.toString();
  }
}
