package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads an edit in the agent's language. Paths are made absolute, so that the model's command may
 * run in another folder and the run folder can be moved.
 */
final class EditConverter implements ITypeConverter<Edit> {
  @Override
  public Edit convert(String text) {
    try {
      return Edit.parse(text).in(Path.of("").toAbsolutePath());
    } catch (TapscopeException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
