package dev.tapscope.cli;

import dev.tapscope.edit.Edit;
import dev.tapscope.tap.TapscopeException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A feature to change as given on the command line, {@code NAME/INDEX[=VALUE][@SCOPE]}.
 *
 * @param sae name of the SAE
 * @param index feature
 * @param value strength with its unit: {@code 40}, {@code 1.25x}, {@code 0.5n}
 * @param scope where, without the {@code @}
 */
record FeatureEdit(String sae, int index, Optional<String> value, Optional<String> scope) {
  private static final Pattern FORM =
      Pattern.compile("([^=/@\\s]+)/(\\d{1,9})(?:=([^@\\s]+))?\\s*(?:@(\\S.*))?");

  String feature() {
    return sae + "/" + index;
  }

  /**
   * Steering with another strength.
   *
   * @param otherwise the scope where none was given
   * @throws TapscopeException {@code edit-syntax}
   */
  Edit steer(String strength, Optional<String> otherwise) {
    return Edit.parse("steer " + feature() + " " + strength + at(otherwise));
  }

  /** As {@link #steer}. */
  Edit ablate(Optional<String> otherwise) {
    return Edit.parse("ablate " + feature() + at(otherwise));
  }

  /** The same strength and scope on another feature of the same SAE. */
  FeatureEdit on(int other, double strength) {
    return new FeatureEdit(sae, other, Optional.of(Double.toString(strength)), scope);
  }

  private String at(Optional<String> otherwise) {
    return scope.or(() -> otherwise).map(s -> " @" + s).orElse("");
  }

  static final class Converter implements ITypeConverter<FeatureEdit> {
    @Override
    public FeatureEdit convert(String text) {
      Matcher match = FORM.matcher(text.strip());
      if (!match.matches()) {
        throw new TypeConversionException(
            "'"
                + text
                + "' is no feature; write NAME/INDEX, NAME/INDEX=VALUE or NAME/INDEX=VALUE@SCOPE,"
                + " such as l9/76=1.25x@prompt");
      }
      return new FeatureEdit(
          match.group(1),
          Integer.parseInt(match.group(2)),
          Optional.ofNullable(match.group(3)),
          Optional.ofNullable(match.group(4)));
    }
  }
}
