package dev.tapscope.edit;

import java.nio.file.Path;

/**
 * Rows of a run made before: {@code RUN#SEQUENCE@WHERE}.
 *
 * @param run its folder
 * @param sequence 0-based number of the text in it
 * @param where the positions: {@link Scope.Last}, {@link Scope.Position} or {@link Scope.Range}
 */
public record Donor(Path run, int sequence, Scope where) {
  Donor in(Path folder) {
    return new Donor(folder.resolve(run), sequence, where);
  }

  @Override
  public String toString() {
    return Quoted.path(run) + "#" + sequence + "@" + where;
  }
}
