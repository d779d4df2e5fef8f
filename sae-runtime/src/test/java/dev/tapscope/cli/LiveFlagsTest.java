package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LiveFlagsTest {
  private static final String RECIPE = " --site res.3 --steps 1 --out o";

  @ParameterizedTest
  @CsvSource({
    "option-missing, ''",
    "option-missing, --store s --corpus c",
    "option-missing, --store s -- run {corpus}",
    "option-missing, -- run {corpus}",
    "model-missing, --corpus c",
    "model-missing, --model m --corpus c -- run {corpus}",
    "corpus-place, --corpus c -- run",
    "keep-unknown, --corpus c --keep all -- run {corpus}",
    "piece-size, --corpus c --documents-per-piece 0 -- run {corpus}",
    "usage, --corpus c --staps 3 -- run {corpus}",
  })
  void refusesWhatCannotBeMeant(String id, String words) {
    Typed typed = Typed.command(("train" + RECIPE + " " + words).strip().split(" "));
    assertEquals(2, typed.exit(), typed::toString);
    assertTrue(typed.err().contains("tapscope: [" + id + "] "), typed::toString);
  }

  @ParameterizedTest
  @CsvSource({"--model m", "--corpus c", "-- run {corpus}"})
  void whatIsResumedKnowsItsModel(String words) {
    Typed typed = Typed.command(("train --resume t " + words).split(" "));
    assertEquals(2, typed.exit(), typed::toString);
    assertTrue(typed.err().contains("tapscope: [resume-alone] "), typed::toString);
  }
}
