package dev.tapscope.cli;

import dev.tapscope.cuda.GpuException;
import dev.tapscope.tap.TapscopeException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The {@code tapscope} command. Results go to standard output, progress and errors to standard
 * error; exit codes are 0 ok, 1 failed, 2 usage, 3 check failed, 130 interrupted.
 */
@Command(
    name = "tapscope",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    header = {
      "See, measure and change what a Java language model computes.",
      "",
      "  tapscope run --model MODEL --sae \"l9=res.3 PATH\" --prompt \"The City of Light is\"",
      "  tapscope show RUN --html run.html",
      "  tapscope steer --model MODEL --sae \"l9=res.3 PATH\" --feature \"l9/76=1.25x@prompt\" \\",
      "                 --prompt \"The capital of Spain is\"",
      ""
    },
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:ok",
      "1:failed",
      "2:the command could not be understood",
      "3:a check did not hold",
      "130:interrupted"
    })
public final class Tapscope {
  @Option(
      names = "--debug",
      scope = CommandLine.ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean debug;

  private Tapscope() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    int exit = run(Screen.ofProcess(), Places.ofProcess(), args);
    System.out.flush();
    System.exit(exit);
  }

  /** Runs a command and returns its exit code. */
  static int run(Screen screen, Places places, String... args) {
    Tapscope root = new Tapscope();
    CommandLine line =
        new CommandLine(root)
            .addSubcommand(new RunCommand(screen, places))
            .addSubcommand(new ShowCommand(screen))
            .addSubcommand(new SteerCommand(screen, places))
            .addSubcommand(new AblateCommand(screen, places))
            .addSubcommand(TrainCommand.line(screen, places))
            .addSubcommand(new StatsCommand(screen, places))
            .addSubcommand(new EvalCommand(screen, places))
            .addSubcommand(new ExportCommand(screen))
            .addSubcommand(new ImportCommand(screen))
            .addSubcommand(HarvestCommand.line(screen, places))
            .addSubcommand(HooksCommand.line(screen, places))
            .addSubcommand(new DoctorCommand(screen, places));
    withVersion(line);
    line.setUsageHelpWidth(100);
    line.setOut(new PrintWriter(screen.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(screen.err(), true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExpandAtFiles(false); // "@prompt" is a scope
    line.setParameterExceptionHandler((e, wrong) -> misunderstood(screen, e));
    line.setExecutionExceptionHandler((e, at, parsed) -> failed(screen, root.debug, e));
    line.setExecutionStrategy(Tapscope::execute);
    try {
      int exit = line.execute(args);
      screen.out().flush();
      return exit;
    } catch (OutOfMemoryError e) {
      screen.say(
          "tapscope: [memory] The command ran out of memory ("
              + e.getMessage()
              + ") with %,d MiB for Java. Set JAVA_TOOL_OPTIONS=-Xmx4g or more, or give it less to read."
                  .formatted(Runtime.getRuntime().maxMemory() >> 20));
      return TapscopeException.FAILED;
    }
  }

  private static void withVersion(CommandLine line) {
    for (CommandLine sub : line.getSubcommands().values()) {
      sub.getCommandSpec().versionProvider(new Version());
      withVersion(sub);
    }
  }

  private static int execute(ParseResult parsed) {
    Integer help = CommandLine.executeHelpRequest(parsed);
    if (help != null) {
      return help;
    }
    ParseResult last = parsed;
    while (last.hasSubcommand()) {
      last = last.subcommand();
    }
    CommandLine wanted = last.commandSpec().commandLine();
    if (!wanted.getSubcommands().isEmpty() && !(wanted.getCommand() instanceof Callable<?>)) {
      wanted.usage(wanted.getOut());
      return 0;
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  private static int misunderstood(Screen screen, ParameterException e) {
    CommandLine at = e.getCommandLine();
    boolean top = at.getParent() == null;
    if (top && e instanceof CommandLine.UnmatchedArgumentException unmatched) {
      screen.say(unknown(at, unmatched.getUnmatched()));
    } else {
      String sentence = e.getMessage().replaceAll("[.]?\\s*$", ".");
      screen.say(
          "tapscope: [usage] "
              + sentence
              + " See \"tapscope "
              + (top
                  ? ""
                  : at.getCommandSpec().qualifiedName().replaceFirst("^tapscope ", "") + " ")
              + "--help\".");
    }
    return TapscopeException.USAGE;
  }

  private static String unknown(CommandLine top, List<String> words) {
    return "tapscope: [command-unknown] There is no "
        + (words.getFirst().startsWith("-") ? "option " : "command ")
        + words.getFirst()
        + ". The commands are "
        + String.join(", ", top.getSubcommands().keySet())
        + "; \"tapscope COMMAND --help\" explains one.";
  }

  private static int failed(Screen screen, boolean debug, Exception e) {
    if (debug) {
      e.printStackTrace(screen.err());
    }
    if (e instanceof TapscopeException known) {
      screen.say(known.line());
      return known.exit();
    }
    if (e instanceof GpuException failed) {
      screen.say("tapscope: [device-failed] " + failed.getMessage());
      return TapscopeException.FAILED;
    }
    screen.say(
        "tapscope: [internal] "
            + e
            + ". This is a mistake in Tapscope; run again with --debug and report the trace.");
    return TapscopeException.FAILED;
  }
}
