package dev.tapscope.cli;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An SAE as given on the command line, {@code NAME=ADDRESS PATH}.
 *
 * @param name what edits and views call it
 * @param address the site it reads, {@code res.3}
 * @param path where it lies
 */
record SaeSpec(String name, String address, Path path) {
  private static final Pattern FORM = Pattern.compile("([^=/\\s]+)=(\\S+)\\s+(\\S.*)");

  /** The agent option's value. The path is made absolute, so that the run folder can be moved. */
  String value() {
    return address + " " + path.toAbsolutePath().normalize();
  }

  /** The site it reads: for a transcoder, the one before {@code >}. */
  String inputAddress() {
    int arrow = address.indexOf('>');
    return arrow < 0 ? address : address.substring(0, arrow);
  }

  /** The site it writes: for a transcoder, the one after {@code >}. */
  String outputAddress() {
    return address.substring(address.indexOf('>') + 1);
  }

  static final class Converter implements ITypeConverter<SaeSpec> {
    @Override
    public SaeSpec convert(String text) {
      Matcher match = FORM.matcher(text.strip());
      if (!match.matches()) {
        throw new TypeConversionException(
            "'" + text + "' is no SAE; write it as \"NAME=ADDRESS PATH\", \"l9=res.3 my/sae\"");
      }
      return new SaeSpec(match.group(1), match.group(2), Path.of(match.group(3)));
    }
  }
}
