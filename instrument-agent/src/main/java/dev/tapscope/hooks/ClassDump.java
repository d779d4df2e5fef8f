package dev.tapscope.hooks;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Writes woven classes where a person can look at them: {@code NAME.class} as woven, {@code
 * NAME.orig.class} as it was, {@code NAME.diff} what changed.
 */
public final class ClassDump {
  private final Path folder;

  /**
   * @param folder made when it does not exist; files of the same names are replaced
   * @throws TapscopeException {@code dump-unwritable}
   */
  public ClassDump(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /**
   * Writes the three files of a class.
   *
   * @throws TapscopeException {@code dump-unwritable}
   */
  public void write(WovenClass type) {
    try {
      write(type.name() + ".class", type.woven());
      write(type.name() + ".orig.class", type.original());
      write(type.name() + ".diff", type.diff().getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private void write(String name, byte[] content) throws IOException {
    Path part = folder.resolve(name + ".tmp");
    Files.write(part, content);
    Files.move(part, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
  }

  private TapscopeException unwritable(IOException e) {
    return TapscopeException.failed(
        "dump-unwritable",
        "Wanted to write woven classes into "
            + folder.toAbsolutePath()
            + "; that failed ("
            + e
            + "). Give a folder that can be made and written.",
        e);
  }
}
