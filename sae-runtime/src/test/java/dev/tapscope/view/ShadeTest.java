package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ShadeTest {
  @Test
  void followsTheOpacityLaw() {
    // 0.05 + 0.95 log10(1 + 9 r), worked by hand for r = 0.01, 0.1, 0.5 and 1.
    assertEquals(0, Shade.opacity(0));
    assertEquals(0.0856, Shade.opacity(0.01), 1e-4);
    assertEquals(0.3148, Shade.opacity(0.1), 1e-4);
    assertEquals(0.7533, Shade.opacity(0.5), 1e-4);
    assertEquals(1, Shade.opacity(1), 1e-12);
    assertEquals(1, Shade.opacity(7), 1e-12);
  }

  @Test
  void drawsBarsInProportion() {
    assertEquals(' ', Shade.bar(0));
    assertEquals('▁', Shade.bar(0.01));
    assertEquals('▁', Shade.bar(0.125));
    assertEquals('▂', Shade.bar(0.126));
    assertEquals('▄', Shade.bar(0.5));
    assertEquals('█', Shade.bar(1));
    assertEquals('█', Shade.bar(3));
  }

  @Test
  void blendsChannelByChannel() {
    assertEquals(0xffffff, Shade.blend(0xffffff, 0x4285f4, 0));
    assertEquals(0x4285f4, Shade.blend(0xffffff, 0x4285f4, 1));
    assertEquals(0x804020, Shade.blend(0x000000, 0xff8040, 0.5));
  }
}
