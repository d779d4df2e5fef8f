package dev.tapscope.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.Pass;
import org.junit.jupiter.api.Test;

class SequencesTest {
  private static final Sampled NONE = new Sampled();

  private final Sequences plain = new Sequences(2, false);
  private final Sequences sampling = new Sequences(2, true);
  private final Object cache = new Object();

  @Test
  void passesAreNumberedAndCopied() {
    int[] tokens = {2, 5, 6};
    Pass first = plain.begin(cache, 0, tokens, NONE);
    assertEquals(0, first.index());
    assertEquals(0, first.sequence());
    assertNotSame(tokens, first.tokens());
    assertTrue(first.isBos(0));
    assertFalse(first.isBos(1));
    Pass second = plain.begin(cache, 3, new int[] {7}, NONE);
    assertEquals(1, second.index());
    assertEquals(0, second.sequence());
    assertEquals(3, second.start());
    assertEquals(7, second.tokenAt(3));
    assertEquals(2, plain.nextPass());
  }

  @Test
  void aNewCacheBeginsASequenceAndTheOldOneGoesOn() {
    Object other = new Object();
    assertEquals(0, plain.begin(cache, 0, new int[3], NONE).sequence());
    assertEquals(1, plain.begin(other, 0, new int[3], NONE).sequence());
    assertEquals(0, plain.begin(cache, 3, new int[1], NONE).sequence());
    assertEquals(1, plain.begin(other, 3, new int[1], NONE).sequence());
    assertEquals(2, plain.count());
  }

  @Test
  void cachesAreToldApartByIdentity() {
    assertEquals(0, plain.begin(new String("k"), 0, new int[3], NONE).sequence());
    assertEquals(1, plain.begin(new String("k"), 3, new int[1], NONE).sequence());
  }

  @Test
  void aPositionThatDoesNotGrowBeginsASequence() {
    assertEquals(0, plain.begin(cache, 0, new int[3], NONE).sequence());
    assertEquals(1, plain.begin(cache, 2, new int[1], NONE).sequence());
    assertEquals(1, plain.begin(cache, 3, new int[2], NONE).sequence());
    assertEquals(2, plain.begin(cache, 0, new int[2], NONE).sequence());
    assertEquals(2, plain.begin(cache, 9, new int[1], NONE).sequence());
  }

  @Test
  void withoutASamplerSingleTokensAfterTheFirstPassAreGenerated() {
    assertFalse(plain.begin(cache, 0, new int[3], NONE).generated());
    assertFalse(plain.begin(cache, 3, new int[2], NONE).generated());
    assertTrue(plain.begin(cache, 5, new int[1], NONE).generated());
    assertFalse(plain.begin(cache, 0, new int[1], NONE).generated());
    assertTrue(plain.begin(cache, 1, new int[1], NONE).generated());
  }

  @Test
  void withASamplerATokenIsGeneratedIfItWasSampledSinceTheLastPass() {
    Sampled sampled = new Sampled();
    sampled.add(9);
    assertFalse(sampling.begin(cache, 0, new int[] {9}, sampled).generated());
    assertFalse(sampling.begin(cache, 1, new int[] {9}, sampled).generated());
    sampled.add(4);
    assertFalse(sampling.begin(cache, 2, new int[] {5}, sampled).generated());
    sampled.add(5);
    sampled.add(6);
    assertTrue(sampling.begin(cache, 3, new int[] {6, 5}, sampled).generated());
    assertFalse(sampling.begin(cache, 5, new int[] {6}, sampled).generated());
  }

  @Test
  void sequencesThatTakeTurnsKeepTheirOwnCount() {
    Sampled sampled = new Sampled();
    Object other = new Object();
    sampling.begin(cache, 0, new int[3], sampled);
    sampled.add(7);
    sampling.begin(other, 0, new int[3], sampled);
    sampled.add(8);
    assertTrue(sampling.begin(cache, 3, new int[] {7}, sampled).generated());
    assertTrue(sampling.begin(other, 3, new int[] {8}, sampled).generated());
  }

  @Test
  void oldSamplesAreForgotten() {
    Sampled sampled = new Sampled();
    sampled.add(1);
    for (int i = 0; i < 5000; i++) {
      sampled.add(2);
    }
    assertFalse(sampled.contains(1, 0));
    assertTrue(sampled.contains(2, 0));
    assertEquals(5001, sampled.count());
  }
}
