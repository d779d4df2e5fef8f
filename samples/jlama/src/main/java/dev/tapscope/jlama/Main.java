package dev.tapscope.jlama;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/**
 * Gemma 2 on Jlama, a model that nobody wrote for Tapscope. Exit code 0: done; 1: failed; 2: the
 * command line is wrong.
 */
@Command(
    name = "jlama",
    mixinStandardHelpOptions = true,
    header = "Gemma 2 on Jlama, in fp32, greedily.",
    subcommands = {GenerateCommand.class, ScoreCommand.class},
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Results go to stdout, remarks to stderr. Exit code 0: done, 1: failed, 2: the command line"
          + " is wrong."
    })
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    System.exit(run(new PrintWriter(out, true), new PrintWriter(err, true), args));
  }

  /** Runs a command line; returns the exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    CommandLine line =
        new CommandLine(new Main())
            .setOut(out)
            .setErr(err)
            .setParameterExceptionHandler((e, given) -> {
              err.println("jlama: [usage] " + e.getMessage() + " See jlama --help.");
              return CommandLine.ExitCode.USAGE;
            })
            .setExecutionExceptionHandler((e, command, given) -> {
              out.flush();
              err.println(
                  e instanceof InputException input
                      ? "jlama: [" + input.id() + "] " + input.getMessage()
                      : "jlama: [internal] This should not have happened: "
                          + e
                          + ". Please report it with the command line.");
              return CommandLine.ExitCode.SOFTWARE;
            });
    if (args.length == 0) {
      err.println("jlama: [usage] A command is needed: generate or score. See jlama --help.");
      return CommandLine.ExitCode.USAGE;
    }
    return line.execute(args);
  }
}
