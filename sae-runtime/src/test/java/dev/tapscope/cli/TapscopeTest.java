package dev.tapscope.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.cuda.Cuda;
import dev.tapscope.recording.FeatureTable;
import dev.tapscope.recording.FeatureTable.Firing;
import dev.tapscope.recording.RecordedRun;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.recording.RunFiles;
import dev.tapscope.tap.TapscopeException;
import dev.tapscope.view.HtmlView;
import dev.tapscope.view.TokenView;
import dev.tapscope.view.ViewBuilder;
import dev.tapscope.view.ViewOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TapscopeTest {
  private static final List<String> COMMANDS =
      List.of(
          "run", "show", "steer", "ablate", "harvest", "train", "eval", "stats", "export",
          "doctor");

  @TempDir private Path folder;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | command-unknown  | trian",
        "2 | command-unknown  | --fast",
        "2 | usage            | show",
        "2 | usage            | show --top many x",
        "2 | usage            | run --sae l9 -- true",
        "2 | usage            | steer --sae l9=res.3:/x --feature 76",
        "2 | nothing-asked    | run -- true",
        "2 | usage            | run --edit boost -- true",
        "2 | usage            | steer --edit patch:res.4 -- true",
        "2 | nothing-asked    | steer -- true",
        "2 | nothing-asked    | ablate --sae l9=res.3:/x -- true",
        "2 | sae-unknown      | steer --feature l9/76=1x -- true",
        "2 | check-features   | steer --edit zero:res.3 --check -- true",
        "2 | control-features | steer --edit zero:res.3 --control 2 -- true",
        "2 | edit-syntax      | steer --sae l9=res.3:/x --feature l9/76=many -- true",
        "2 | token-unknown    | steer --edit zero:res.3 --watch Paris -- true",
        "2 | strength-missing | steer --sae l9=res.3:/x --feature l9/76 -- true",
        "2 | sae-unknown      | steer --sae l9=res.3:/x --feature l8/76=1x -- true",
        "2 | control-features | steer --sae l9=res.3:/x --feature l9/76=1 --feature l9/7=1"
            + " --control 2 -- true",
        "2 | strength-unwanted| ablate --sae l9=res.3:/x --feature l9/76=1x -- true",
        "2 | model-twice      | run --capture res.0 --prompt x -- true",
        "2 | sampling-unreachable | run --capture res.0 --seed 3 -- true",
        "2 | sampling-unreachable | run --capture res.0 -n 3 --temperature 1 -- true",
        "2 | model-missing    | run --capture res.0 --prompt x",
        "1 | model-missing    | run --capture res.0 --model /nowhere --prompt x",
        "1 | file-unwritable  | run --capture res.0 --html /nowhere/page.html -- true",
        "1 | jar-missing      | run --capture res.0 -- true",
        "1 | run-missing      | show /nowhere",
        "1 | sae-missing      | stats --model /m --sae l9=res.3:/nowhere --corpus /c.txt",
        "2 | model-missing    | stats --sae l9=res.3:/x --corpus /c.txt",
        "1 | sae-missing      | eval --model /m --sae l9=res.3:/nowhere --corpus /c.txt",
        "2 | usage            | eval --model /m --corpus /c.txt",
        "2 | usage            | eval --model /m --sae l9=res.3:/x --corpus /c.txt --seed 3",
        "1 | sae-missing      | export /nowhere --to saelens --out /o",
        "2 | usage            | export /nowhere --to pickle --out /o",
        "2 | usage            | export /nowhere --to saelens",
        "1 | sae-missing      | import /nowhere --out /o",
        "2 | model-missing    | stats --model /m --sae l9=res.3:/x --corpus /c.txt -- java x",
        "2 | usage            | stats --model /m --sae l9=res.3:/x --corpus /c.txt --prompt x",
        "2 | usage            | stats --model /m --sae l9=res.3:/x --corpus /c.txt --seed 3",
        "2 | usage            | train --threads 0 --store /s --out /o",
        "2 | option-missing   | train --out /o --site res.3 --steps 5",
        "2 | option-missing   | train --store /s --site res.3 --steps 5",
        "2 | recipe-missing   | train --store /s --out /o --steps 5",
        "2 | recipe-missing   | train --store /s --out /o --site res.3",
        "2 | recipe-value     | train --store /s --out /o --site res.3 --steps 5 --lr fast",
        "2 | recipe-value     | train --store /s --out /o --site res.3 --steps 5 --tokens 7",
        "1 | recipe-unreadable| train --store /s --out /o --recipe /nowhere.json",
        "2 | sae-syntax       | train --store /s --out /o --site res.3 --steps 5 --sae a",
        "2 | resume-alone     | train --resume /r --lr 1",
        "1 | checkpoint-missing | train --resume /nowhere",
        "1 | store-missing    | train --store /nowhere --out /o --site res.3 --steps 5",
        "2 | feature-strength | show /nowhere --feature l9/76=1x",
        "2 | usage            | hooks check gemma2",
        "2 | usage            | hooks chek gemma2 /nowhere",
        "2 | profile-unknown  | hooks check gema2 /nowhere",
        "2 | path-missing     | hooks check gemma2 /nowhere",
        "2 | usage            | hooks list Block.forward",
        "2 | path-missing     | hooks list /nowhere a.Block.forward",
        "2 | usage            | hooks census -- true",
        "1 | jar-missing      | hooks census --package demo.. -- true",
        "2 | usage            | hooks attach profile=gemma2",
        "2 | usage            | hooks attach 1",
        "2 | option-syntax    | hooks attach 1 gemma2",
        "2 | option-duplicate | hooks attach 1 profile=a profile=b",
        "1 | jar-missing      | hooks attach 1 profile=gemma2",
        "2 | usage            | hooks detach one",
        "1 | jar-missing      | hooks detach 1",
      })
  void failsWithACodeAnIdAndASentence(int exit, String id, String command) {
    String[] words = command.split(" ");
    for (int i = 0; i < words.length; i++) {
      words[i] = words[i].replace(':', ' ');
    }
    assertEquals(exit, run(words), () -> err().toString());
    assertTrue(err().startsWith("tapscope: [" + id + "] "), err());
    assertTrue(err().stripTrailing().matches("(?s).*[.\")]|.* package"), "a sentence: " + err());
    assertEquals("", out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void namesTheCommandsItHas() {
    run("serve");
    for (String command : COMMANDS) {
      assertTrue(err().contains(command), err());
    }
    assertFalse(err().contains("diff"), err());
  }

  @Test
  void helpBeginsWithExamples() {
    for (String command : COMMANDS) {
      out.reset();
      assertEquals(0, run(command, "--help"));
      String help = out.toString(StandardCharsets.UTF_8);
      int example = help.indexOf("  tapscope " + command);
      assertTrue(example > 0 && example < help.indexOf("Usage:"), help);
    }
  }

  @Test
  void groupsOfCommandsShowWhatIsInThem() {
    assertEquals(0, run("hooks"));
    String help = out.toString(StandardCharsets.UTF_8);
    assertTrue(help.contains("tapscope hooks check gemma2"), help);
    run("hooks", "check", "--jsn", "gemma2", "x");
    assertTrue(err().contains("See \"tapscope hooks check --help\""), err());
  }

  @Test
  void showsARunAsTextPageAndJson() throws IOException {
    RunFiles.writeSmallRun(folder);
    Path page = folder.resolve("page.html");
    assertEquals(0, run("show", folder.toString(), "--html", page.toString()), err());
    String text = out.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("l9 at site not recorded    5 tokens"), text);
    assertTrue(text.contains(" a▸b↵"), text);
    assertTrue(Files.readString(page).contains("<html"));
    assertFalse(Files.exists(folder.resolve("page.html.tmp")));

    out.reset();
    assertEquals(0, run("show", folder.toString(), "--json"));
    JsonNode document = new JsonMapper().readTree(out.toString(StandardCharsets.UTF_8));
    assertEquals("tapscope-view/1", document.get("schema").asString());
    assertEquals(5, document.get("tokens").size());
    assertEquals(1.0, document.get("saes").get(0).get("l0_without_bos").asDouble()); // 3 of 3
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the command is a shell script")
  void keepsTheRunWhenItsPageCannotBeWritten() throws IOException {
    Path recorded = Files.createDirectory(folder.resolve("recorded"));
    RunFiles.writeSmallRun(recorded);
    Path page = folder.resolve("page.html");
    // Stands for the model: puts a run where the agent would, and spoils the place of the page.
    String script =
        "f=${JAVA_TOOL_OPTIONS##*=@}; out=$(sed -n s/^out=//p \"${f%?}\"); cp -r "
            + recorded
            + " \"$out\"; mkdir -p "
            + page
            + "/occupied";
    Path agent = Files.createFile(folder.resolve("agent.jar"));
    int exit =
        runWith(
            agent,
            "run",
            "--capture",
            "res.3",
            "--html",
            page.toString(),
            "--",
            "sh",
            "-c",
            script);
    assertEquals(1, exit, err());
    assertTrue(err().contains("[file-unwritable]"), err());
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("5 tokens"), "printed all the same");
    Matcher kept = Pattern.compile("kept (\\S+); \"tapscope show").matcher(err());
    assertTrue(kept.find(), err());
    Path run = Path.of(kept.group(1));
    assertEquals(5, RecordedRun.open(run).tokens().size());
    Files.move(run, folder.resolve("run"));
    Files.delete(run.getParent());
  }

  @Test
  void writesALargePageWithFewerFeatures() throws IOException {
    List<RecordedToken> tokens = new ArrayList<>();
    List<List<Firing>> rows = new ArrayList<>();
    for (int i = 0; i < 9_000; i++) {
      tokens.add(new RecordedToken(0, i, i, "token" + i, false, false));
      List<Firing> row = new ArrayList<>();
      for (int f = 1; f <= 8; f++) {
        row.add(new Firing(f, f));
      }
      rows.add(row);
    }
    Function<ViewOptions, TokenView> views =
        options ->
            ViewBuilder.build(
                "",
                tokens,
                List.of(new FeatureTable("l9", rows)),
                Map.of(),
                List.of(),
                List.of(),
                options);
    ViewOptions wanted = ViewOptions.DEFAULT.withTop(8);
    assertThrows(TapscopeException.class, () -> HtmlView.render(views.apply(wanted)));
    Path page = folder.resolve("page.html");
    new PageFile(page).write(views, wanted, screen());
    assertTrue(Files.size(page) < 5 * 1024 * 1024);
    assertTrue(
        err().matches("(?s).*only the [124] strongest .* --top 8 it would be too large.*"), err());
  }

  @Test
  void saysHowARunEndedThatIsNotComplete() throws IOException {
    RunFiles.writeSmallRun(folder);
    assertEquals(0, run("show", folder.toString()));
    assertFalse(out.toString(StandardCharsets.UTF_8).contains("by then"));
    RunFiles.writeRunJson(
        folder, "\"state\":\"failed\",\"problems\":[{\"sentence\":\"The disk is full.\"}]");
    Files.delete(folder.resolve("activations-00001.safetensors"));
    assertEquals(0, run("show", folder.toString(), "--json"), err());
    String text = out.toString(StandardCharsets.UTF_8);
    assertTrue(text.contains("failed (The disk is full.); this is what"), text);
    assertTrue(text.contains("2 rows of features are left out"), text);
  }

  @Test
  void doctorExitsWithThreeWhenAJarIsMissing() {
    assertEquals(3, run("doctor", "--json"));
    JsonNode document = new JsonMapper().readTree(out.toString(StandardCharsets.UTF_8));
    assertFalse(document.get("ok").asBoolean());
    assertTrue(document.get("findings").size() >= 9, document::toString);
  }

  @Test
  void doctorSaysWhereSaesRun() {
    var findings = GpuFindings.of(new Cuda.Absent("There is none.", false));
    assertEquals("There is none.", findings.getFirst().found());
    assertFalse(findings.getFirst().needed());
    assertEquals("device=auto", findings.getLast().what());
    assertEquals("SAEs run and are trained on the CPU", findings.getLast().found());
  }

  @Test
  void runningOutOfMemoryIsAnErrorWithASentence() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new OutOfMemoryError("Java heap space");
          }
        };
    assertEquals(1, run(full, "doctor"));
    assertTrue(err().startsWith("tapscope: [memory] The command ran out of memory"), err());
  }

  @Test
  void printsATraceOnlyWhenAsked() {
    run("show", "/nowhere");
    assertFalse(err().contains("\tat "), err());
    run("show", "/nowhere", "--debug");
    assertTrue(err().contains("\tat "), err());
  }

  private int run(String... arguments) {
    return run(out, arguments);
  }

  private int run(OutputStream to, String... arguments) {
    return run(screen(to), folder.resolve("missing.jar"), arguments);
  }

  private int runWith(Path agent, String... arguments) {
    return run(screen(), agent, arguments);
  }

  private int run(Screen screen, Path agent, String... arguments) {
    err.reset();
    Path none = folder.resolve("missing.jar");
    return Tapscope.run(screen, new Places(agent, none, none), arguments);
  }

  private Screen screen() {
    return screen(out);
  }

  private Screen screen(OutputStream to) {
    return new Screen(
        new PrintStream(to, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        Map.of(),
        false,
        OptionalInt.empty());
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
