package dev.tapscope.profile;

import java.util.List;
import java.util.Optional;

/** What a site shows. Text forms are those of a profile. */
public sealed interface Value {
  /** The operand handed to the woven call, and stored back where its root can be assigned. */
  Operand tapped();

  /** Further operands the value needs, in the order they are passed. */
  List<Operand> captures();

  /**
   * A value of the model as it is.
   *
   * @param codec how rows are read from a foreign tensor type; empty for the built-in types
   */
  record Plain(Operand tapped, Optional<String> codec) implements Value {
    @Override
    public List<Operand> captures() {
      return List.of();
    }

    @Override
    public String toString() {
      return tapped + codec.map(name -> " as " + name).orElse("");
    }
  }

  /**
   * A derived value with its inverse: {@code value rms SOURCE eps EPS into TARGET gain GAIN}. Row x
   * of SOURCE shows as {@code x / sqrt(mean(x^2) + eps)} (RMSNorm without its gain); writing row y
   * sets the row of TARGET to {@code y * gain}, element by element. This is where Gemma Scope's
   * transcoders read (arXiv 2408.05147, appendix B).
   *
   * @param source rows before the norm
   * @param eps the norm's epsilon, a float
   * @param tapped TARGET, rows after the norm
   * @param gain the norm's weight as it is multiplied ({@code 1 + w} in Gemma), {@code float[]}
   */
  record Rms(Operand source, Operand eps, Operand tapped, Operand gain) implements Value {
    @Override
    public List<Operand> captures() {
      return List.of(source, eps, gain);
    }

    @Override
    public String toString() {
      return "rms " + source + " eps " + eps + " into " + tapped + " gain " + gain;
    }
  }
}
