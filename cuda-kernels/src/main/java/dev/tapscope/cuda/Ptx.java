package dev.tapscope.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The assembly of one source file, as committed beside the sources, and what its kernels take.
 *
 * @param entries parameters by kernel
 */
record Ptx(String name, String text, Map<String, List<Type>> entries) {
  private static final Pattern ENTRY =
      Pattern.compile("\\.entry\\s+(\\w+)\\s*\\(([^)]*)\\)", Pattern.DOTALL);
  private static final Pattern PARAMETER = Pattern.compile("\\.param\\s+\\.(\\w+)");

  /** Of a parameter; integers and pointers are told apart by their width alone. */
  enum Type {
    B32,
    B64,
    F32,
    F64
  }

  Ptx {
    entries = Map.copyOf(entries);
  }

  /**
   * @param name of the source, without its ending
   */
  static Ptx load(String name) {
    String resource = name + ".ptx";
    try (InputStream stream = Ptx.class.getResourceAsStream(resource)) {
      if (stream == null) {
        throw new IllegalArgumentException("there are no kernels " + resource);
      }
      String text = new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
      return new Ptx(name, text, entries(text));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, List<Type>> entries(String text) {
    Map<String, List<Type>> entries = new LinkedHashMap<>();
    Matcher entry = ENTRY.matcher(text);
    while (entry.find()) {
      List<Type> types = new ArrayList<>();
      Matcher parameter = PARAMETER.matcher(entry.group(2));
      while (parameter.find()) {
        types.add(type(parameter.group(1)));
      }
      entries.put(entry.group(1), List.copyOf(types));
    }
    return entries;
  }

  private static Type type(String spelling) {
    return switch (spelling) {
      case "u32", "s32", "b32" -> Type.B32;
      case "u64", "s64", "b64" -> Type.B64;
      case "f32" -> Type.F32;
      case "f64" -> Type.F64;
      default -> throw new IllegalArgumentException("no kernel may take a ." + spelling);
    };
  }
}
