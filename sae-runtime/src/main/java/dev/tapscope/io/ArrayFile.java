package dev.tapscope.io;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A file being read, as the sentences about its faults name it. */
record ArrayFile(Path path, String kind) {

  /** The file breaks its format; {@code found} continues "... : ". */
  TapscopeException corrupt(String found) {
    return TapscopeException.failed(kind + "-corrupt", corruptSentence(found));
  }

  TapscopeException corrupt(String found, Throwable cause) {
    return TapscopeException.failed(kind + "-corrupt", corruptSentence(found), cause);
  }

  private String corruptSentence(String found) {
    return "%s is no whole %s file: %s. Get the file again, or save it anew."
        .formatted(path, kind, found);
  }

  /** The file keeps its format but holds a kind of number that is not read here. */
  TapscopeException unsupported(String found) {
    return TapscopeException.failed(
        kind + "-dtype", "%s cannot be read: %s.".formatted(path, found));
  }

  TapscopeException unreadable(IOException cause) {
    return TapscopeException.failed(
        "file-unreadable",
        "%s cannot be read: %s. Check the path and its permissions.".formatted(path, reason(cause)),
        cause);
  }

  /** Size in bytes of the file, which must exist and be a plain file. */
  long size() {
    if (!Files.exists(path)) {
      throw TapscopeException.failed(
          "file-missing", "There is no file %s. Check the path.".formatted(path));
    }
    if (!Files.isRegularFile(path)) {
      throw TapscopeException.failed(
          "file-missing", "%s is not a file. Give the path of a %s file.".formatted(path, kind));
    }
    try {
      return Files.size(path);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static String reason(IOException e) {
    return e instanceof NoSuchFileException || e.getMessage() == null
        ? e.getClass().getSimpleName()
        : e.getMessage();
  }
}
