package dev.tapscope.weave;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Class files for tests: off the class path, or compiled in the test. */
final class Compiled {
  private Compiled() {}

  /** A class file of the class path, {@code targets.Block}. */
  static byte[] onClassPath(String className) {
    String path = className.replace('.', '/') + ".class";
    try (InputStream in = Compiled.class.getClassLoader().getResourceAsStream(path)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All class files of a source, by class name; options such as {@code -g:none}. */
  static Map<String, byte[]> source(String className, String source, String... options) {
    JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
    Map<String, ByteArrayOutputStream> out = new HashMap<>();
    StringWriter complaints = new StringWriter();
    try (StandardJavaFileManager standard = javac.getStandardFileManager(null, null, null)) {
      JavaFileManager files =
          new ForwardingJavaFileManager<>(standard) {
            @Override
            public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
              return new SimpleJavaFileObject(URI.create("mem:///" + name + ".class"), kind) {
                @Override
                public OutputStream openOutputStream() {
                  ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                  out.put(name, bytes);
                  return bytes;
                }
              };
            }
          };
      JavaFileObject unit =
          new SimpleJavaFileObject(
              URI.create("mem:///" + className.replace('.', '/') + ".java"),
              JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
              return source;
            }
          };
      if (!javac.getTask(complaints, files, null, List.of(options), null, List.of(unit)).call()) {
        throw new IllegalArgumentException(complaints.toString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, byte[]> classes = new HashMap<>();
    out.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
    return classes;
  }
}
