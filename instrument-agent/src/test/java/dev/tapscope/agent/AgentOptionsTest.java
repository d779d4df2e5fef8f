package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.capture.Capture;
import dev.tapscope.folder.Dtype;
import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentOptionsTest {
  @TempDir Path folder;

  private static AgentOptions parse(String text) {
    return AgentOptions.parse(Optional.of(text));
  }

  @Test
  void allOptions() {
    AgentOptions options =
        parse(
            "profile=gemma2,capture=res.*+att.0,capture.dtype=bf16,capture.stage=before,"
                + "out=/tmp/run,out.overwrite=true,runtime=/x/r.jar,strict=false,shard.bytes=1000");
    assertEquals("gemma2", options.profile());
    assertEquals(Optional.of("res.*+att.0"), options.capture());
    assertEquals(Dtype.BF16, options.dtype());
    assertEquals(Capture.Stage.BEFORE, options.stage());
    assertEquals(Optional.of(Path.of("/tmp/run")), options.out());
    assertTrue(options.overwrite());
    assertEquals(Optional.of(Path.of("/x/r.jar")), options.runtime());
    assertEquals(false, options.strict());
    assertEquals(1000, options.shardBytes());
    assertEquals(Map.of(), options.extension());
  }

  @Test
  void defaults() {
    AgentOptions options = parse("profile=gemma2");
    assertEquals(Dtype.F32, options.dtype());
    assertEquals(Capture.Stage.AFTER, options.stage());
    assertEquals(Optional.empty(), options.out());
    assertEquals(false, options.overwrite());
    assertTrue(options.strict());
  }

  @Test
  void whatIsStreamedIsToldToTheRuntime() {
    assertEquals(
        Map.of("stream", "res.3+mlp.3", "stream.to", "/tmp/rows", "stream.losses", "true"),
        parse("profile=gemma2,stream=res.3+mlp.3,stream.to=/tmp/rows,stream.losses=true")
            .extension());
  }

  @Test
  void aCommaEndsAValueOnlyBeforeAKnownKey() {
    AgentOptions options =
        parse("profile=/my, own/a,b=c.taps, out=/runs/a, b,edit.1=steer l9/76 40 @token:\",\"");
    assertEquals("/my, own/a,b=c.taps", options.profile());
    assertEquals(Optional.of(Path.of("/runs/a, b")), options.out());
    assertEquals(Map.of("edit.1", "steer l9/76 40 @token:\",\""), options.extension());
  }

  @Test
  void theRuntimeGetsItsOptionsInOrder() {
    AgentOptions options =
        parse("edit.10=ablate b/1,sae.b=res.1 x,profile=p,edit.9=zero att.2,sae.a=res.0 y");
    assertEquals(
        List.of("sae.b", "sae.a", "edit.9", "edit.10"),
        new ArrayList<>(options.extension().keySet()));
    assertEquals("res.1 x", options.extension().get("sae.b"));
    assertEquals(
        "cpu", parse("profile=p,out=r,sae.x=res.1 f,device=cpu").extension().get("device"));
  }

  @Test
  void aPropertiesFileHoldsTheSameKeys() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("run, of today.properties"),
            "# a run\nprofile = gemma2\nout = /tmp/a,out=b é\nsae.b = res.1 x\nsae.a = res.0 y\n");
    for (String text : List.of("@" + file, file.toString())) {
      AgentOptions options = parse(text);
      assertEquals("gemma2", options.profile());
      assertEquals(Optional.of(Path.of("/tmp/a,out=b é")), options.out());
      assertEquals(List.of("sae.b", "sae.a"), new ArrayList<>(options.extension().keySet()));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "capture=res.*,out=x | option-missing | one of gemma2",
        "profile=gemma2,capture=res.* | option-missing | add out=FOLDER",
        "profle=gemma2 | option-unknown | the nearest is 'profile'",
        "profile=gemma2,captur=res.* | option-unknown | the nearest is 'capture'",
        "profile=gemma2,edit.one=zero att.2 | option-unknown | the nearest is 'edit.N'",
        "profile=gemma2,out=a,out=b | option-duplicate | 'a' and 'b'",
        "profile=gemma2,out= | option-empty | 'out' has no value",
        "profile=,out=x | option-empty | 'profile'",
        "profile=gemma2,strict=yes | option-value | must be true or false, and 'yes' was given",
        "profile=gemma2,out.overwrite=TRUE | option-value | true or false",
        "profile=gemma2,capture.dtype=f64 | option-value | one of f32, bf16, f16",
        "profile=gemma2,capture.stage=both | option-value | one of after, before",
        "profile=gemma2,stream=res.3 | option-missing | stream.to=SOCKET",
        "profile=gemma2,stream.to=/tmp/rows | option-missing | stream=SITES",
        "profile=gemma2,stream.to=/tmp/rows,stream.losses=yes | option-value | true or false",
        "profile=gemma2,shard.bytes=-1 | option-value | a positive number",
        "profile=gemma2,shard.bytes=9999999999999999999 | option-value | a positive number",
        "gemma2 | option-syntax | 'gemma2' is no agent option",
        "@/no/such.properties | option-file | /no/such.properties",
      })
  void badOptionsAreToldApart(String text, String id, String words) {
    TapscopeException e = assertThrows(TapscopeException.class, () -> parse(text));
    assertEquals(id, e.id());
    assertEquals(2, e.exit());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void noOptionsAtAll() {
    for (Optional<String> none : List.of(Optional.<String>empty(), Optional.of(" "))) {
      TapscopeException e = assertThrows(TapscopeException.class, () -> AgentOptions.parse(none));
      assertEquals("option-missing", e.id());
    }
  }

  @Test
  void aFilesKeysAreChecked() throws IOException {
    Path unknown = Files.writeString(folder.resolve("a"), "profile=p\nsaes.x=1\n");
    assertEquals(
        "option-unknown", assertThrows(TapscopeException.class, () -> parse("@" + unknown)).id());
    Path twice = Files.writeString(folder.resolve("b"), "profile=p\nprofile=q\n");
    assertEquals(
        "option-duplicate", assertThrows(TapscopeException.class, () -> parse("@" + twice)).id());
    Path malformed = Files.writeString(folder.resolve("c"), "profile=\\u00zz\n");
    assertEquals(
        "option-file", assertThrows(TapscopeException.class, () -> parse("@" + malformed)).id());
  }
}
