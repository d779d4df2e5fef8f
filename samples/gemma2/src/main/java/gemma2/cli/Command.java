package gemma2.cli;

import java.util.List;

/** One of the words after {@code gemma2}. */
sealed interface Command
    permits GenerateCommand, ScoreCommand, TokenizeCommand, InfoCommand, BenchCommand {

  String name();

  /** What it does, in one line. */
  String summary();

  /** Its own options, beside those of every command. */
  List<Option> options();

  /** Command lines that work. */
  List<String> examples();

  /** Does it. Results go to {@code console.out}, all else to {@code console.err}. */
  void run(Arguments arguments, Console console);
}
