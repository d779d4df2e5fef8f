package dev.tapscope.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.profile.Selection.SiteRange;
import dev.tapscope.tap.Address;
import dev.tapscope.tap.TapscopeException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelectionTest {
  private static final Profile GEMMA2 = BuiltInProfiles.find("gemma2").orElseThrow();

  @ParameterizedTest
  @CsvSource({
    "res.3, res.3",
    "res.*, res.*",
    "att.0-5, att.0-5",
    "att.4-4, att.4",
    "logits, logits",
    "tokens, tokens",
    "FINAL_RESIDUAL.3, res.3",
    "FINAL_RESIDUAL.*, res.*",
    "hook_resid_post.1-2, res.1-2",
    "blocks.3.hook_resid_post, res.3",
    "blocks.*.hook_resid_post, res.*",
    "blocks.0-2.hook_resid_pre, resid_pre.0-2",
    "blocks.3.attn.hook_z, att.3",
    "blocks.3.attn.hook_rot_q, q.3",
    "blocks.3.hook_mlp_out, mlp.3",
    "blocks.3.ln2.hook_normalized, transcoder_in.3",
    "ln2.hook_normalized.3, transcoder_in.3",
    "hook_embed, embed",
    "INPUTS, embed",
    "FINAL_RESIDUAL_POST_LAYERNORM, final_norm",
    "res.*+att.0, res.*+att.0",
    "' res.1 + logits ', res.1+logits",
  })
  void everyWayToWriteASiteGivesItsCanonicalName(String written, String canonical) {
    assertEquals(canonical, Selection.parse(written, GEMMA2).toString());
  }

  @Test
  void whatASelectionMatches() {
    Selection selection = Selection.parse("att.1-2+mlp.*+logits", GEMMA2);
    assertEquals(
        List.of(
            new SiteRange("att", 1, 2),
            new SiteRange("mlp", 0, SiteRange.EVERY),
            new SiteRange("logits", Address.NO_LAYER, Address.NO_LAYER)),
        selection.ranges());
    assertFalse(selection.matches(Address.of("att", 0)));
    assertTrue(selection.matches(Address.of("att", 1)));
    assertTrue(selection.matches(Address.of("att", 2)));
    assertFalse(selection.matches(Address.of("att", 3)));
    assertTrue(selection.matches(Address.of("mlp", 0)));
    assertTrue(selection.matches(Address.of("mlp", 45)));
    assertFalse(selection.matches(Address.of("mlp_in", 0)));
    assertTrue(selection.matches(Address.of("logits")));
    assertFalse(selection.matches(Address.of("embed")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          rse.3 | site-unknown | no site 'rse' (asked for as 'rse.3'); the nearest are res
          hook_resid_pst.3 | site-unknown | hook_resid_post
          blocks.3.attn.hook_q | site-unknown | no site 'attn.hook_q'
          ln1.hook_normalized.2 | site-unknown | ln2.hook_normalized
          quux | site-unknown | it has tokens, embed, resid_pre
          FINAL_RESIDUALS.3 | site-unknown | FINAL_RESIDUAL
          res | site-layered | write res.0 for one layer, res.0-3 for several, or res.* for all
          hook_resid_post | site-layered | the site 'res' exists
          logits.3 | site-layered | has no layer, but 'logits.3' names one; write logits.
          logits.* | site-layered | write logits.
          blocks.3.hook_embed | site-layered | write embed.
          res.5-3 | site-syntax | run backwards
          res.99999999999 | site-syntax | No model has the layer 99999999999
          res.1++att.2 | site-syntax | has an empty part
          + | site-syntax | has an empty part
          res.x | site-unknown | no site 'res.x'
          res. | site-unknown | no site 'res.'
          """)
  void whatCannotBeSelectedIsSaid(String written, String id, String part) {
    TapscopeException e =
        assertThrows(TapscopeException.class, () -> Selection.parse(written, GEMMA2));
    assertEquals(id, e.id());
    assertEquals(
        id.equals("site-syntax") ? TapscopeException.USAGE : TapscopeException.CHECK, e.exit());
    assertTrue(
        e.getMessage()
            .toLowerCase(java.util.Locale.ROOT)
            .contains(part.toLowerCase(java.util.Locale.ROOT)),
        e::getMessage);
    assertTrue(e.getMessage().endsWith("."), e::getMessage);
  }

  @Test
  void anEmptySelectionIsAnError() {
    assertEquals(
        "site-syntax",
        assertThrows(TapscopeException.class, () -> Selection.parse("", GEMMA2)).id());
  }
}
