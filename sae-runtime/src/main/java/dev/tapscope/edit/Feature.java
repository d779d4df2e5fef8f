package dev.tapscope.edit;

/**
 * A feature of an SAE of the run: {@code l9/76}.
 *
 * @param sae the name the run gives the SAE
 * @param index 0-based
 */
public record Feature(String sae, int index) {
  @Override
  public String toString() {
    return sae + "/" + index;
  }
}
