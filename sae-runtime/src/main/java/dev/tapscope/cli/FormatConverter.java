package dev.tapscope.cli;

import dev.tapscope.sae.SaeFormat;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the name of a format of SAEs. */
final class FormatConverter implements ITypeConverter<SaeFormat> {
  @Override
  public SaeFormat convert(String word) {
    return SaeFormat.named(word)
        .orElseThrow(() ->
            new TypeConversionException(
                "'"
                    + word
                    + "' is no format; the formats are "
                    + Arrays.stream(SaeFormat.values())
                        .map(SaeFormat::word)
                        .collect(Collectors.joining(", "))));
  }
}
