package gemma2.cli;

import gemma2.model.Generator;
import gemma2.text.TextStream;
import gemma2.text.Tokenizer;
import java.io.PrintStream;
import java.util.Optional;
import java.util.Set;

/**
 * Writes a generated text while it comes about; ids where there is no tokenizer. The token that
 * ends a text is not part of it.
 */
final class Transcript {

  private final Optional<TextStream> stream;
  private final Set<Integer> stop;
  private final PrintStream out;
  private final StringBuilder text = new StringBuilder();

  Transcript(Optional<Tokenizer> tokenizer, Set<Integer> stop, PrintStream out) {
    this.stream = tokenizer.map(TextStream::new);
    this.stop = stop;
    this.out = out;
  }

  /** Says which of several prompts is answered. */
  void title(String id) {
    out.print("[" + id + "] ");
  }

  void add(Generator.Step step) {
    if (!stop.contains(step.id())) {
      print(stream.map(s -> s.next(step.id())).orElse(step.id() + " "));
    }
  }

  void finish() {
    print(stream.map(TextStream::finish).orElse(""));
    out.println();
  }

  /** The whole text, empty without a tokenizer. */
  Optional<String> text() {
    return stream.map(s -> text.toString());
  }

  private void print(String more) {
    text.append(more);
    out.print(more);
    out.flush();
  }
}
