package dev.tapscope.weave;

import java.util.HashMap;
import java.util.Map;
import org.objectweb.asm.ClassReader;

/** Bytecode lengths of the methods of a class file (the Code attribute, JVMS 4.7.3). */
public final class CodeSizes {
  private final ClassReader reader;
  private final char[] buffer;
  private final Map<String, Integer> sizes = new HashMap<>();

  private CodeSizes(ClassReader reader) {
    this.reader = reader;
    this.buffer = new char[reader.getMaxStringLength()];
  }

  /**
   * Bytes of code by name and descriptor, {@code forward([F)V}; methods without code are absent.
   */
  public static Map<String, Integer> of(ClassReader reader) {
    CodeSizes sizes = new CodeSizes(reader);
    int interfaces = reader.header + 6;
    int fields = interfaces + 2 + 2 * reader.readUnsignedShort(interfaces);
    int methods = sizes.members(fields);
    sizes.members(methods);
    return sizes.sizes;
  }

  /** Walks a table of fields or methods and returns the offset behind it. */
  private int members(int offset) {
    int at = offset + 2;
    for (int left = reader.readUnsignedShort(offset); left > 0; left--) {
      String member = reader.readUTF8(at + 2, buffer) + reader.readUTF8(at + 4, buffer);
      int attributes = reader.readUnsignedShort(at + 6);
      at += 8;
      for (int i = 0; i < attributes; i++) {
        if ("Code".equals(reader.readUTF8(at, buffer))) {
          sizes.put(member, reader.readInt(at + 10));
        }
        at += 6 + reader.readInt(at + 2);
      }
    }
    return at;
  }
}
