package dev.tapscope.cli;

import dev.tapscope.sae.Convention;
import dev.tapscope.sae.HubFolder;
import dev.tapscope.sae.JumpReluSae;
import dev.tapscope.sae.Labels;
import dev.tapscope.sae.SaeFolder;
import dev.tapscope.sae.SaeFormat;
import dev.tapscope.sae.SaeStats;
import dev.tapscope.sae.SaeWriter;
import dev.tapscope.sae.Sha256;
import dev.tapscope.tap.TapscopeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** Where an SAE is written, what is stated about it, and in which convention its numbers are. */
final class WritingFlags {
  private static final Pattern ADDRESS = Pattern.compile("([^.>]+)[.](\\d+)(?:>([^.>]+)[.]\\d+)?");

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Folder to write into; made where it does not exist.")
  private Path out;

  @Option(
      names = "--hub",
      description = "Write into layer_L/width_W/average_l0_N below --out, as Gemma Scope's hub.")
  private boolean hub;

  @Option(
      names = "--site",
      paramLabel = "ADDRESS",
      description = "Site to state, such as res.12; by default that of the statistics beside it.")
  private Optional<String> site = Optional.empty();

  @Option(
      names = "--l0",
      paramLabel = "N",
      description = "Average L0 to state; by default that of the statistics beside it.")
  private Optional<Double> l0 = Optional.empty();

  @Option(
      names = "--model-name",
      paramLabel = "NAME",
      description = "Model to state, such as gemma-2-2b.")
  private Optional<String> modelName = Optional.empty();

  @Option(
      names = "--scale",
      paramLabel = "C",
      description = "The numbers are those of rows divided by C.")
  private Optional<Double> scale = Optional.empty();

  @Option(
      names = "--output-scale",
      paramLabel = "D",
      description = "In a transcoder, what the rows it writes are divided by, if not by C.")
  private Optional<Double> outputScale = Optional.empty();

  @Option(
      names = "--input-bias",
      description = "The numbers are those of an input with b_dec taken off.")
  private boolean inputBias;

  @Option(names = "--overwrite", description = "Replace an SAE that is there already.")
  private boolean overwrite;

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  /**
   * The convention that --scale, --output-scale and --input-bias name, for such an SAE.
   *
   * @throws TapscopeException {@code sae-convention}
   */
  Convention convention(JumpReluSae sae) {
    double in = scale.orElse(1.0);
    double output = outputScale.orElse(in);
    if (!Convention.isScale(in) || !Convention.isScale(output)) {
      throw wrong(
          "the scales %s and %s are not both positive numbers".formatted(in, output),
          "Give the number by which rows were divided in training");
    }
    if (inputBias && sae.inputs() != sae.outputs()) {
      throw wrong(
          "b_dec has %d values and the input %d, so it cannot be taken off it"
              .formatted(sae.outputs(), sae.inputs()),
          "Leave --input-bias away for a transcoder");
    }
    return new Convention(inputBias, in, output);
  }

  private static TapscopeException wrong(String found, String remedy) {
    return TapscopeException.usage(
        "sae-convention", "The SAE cannot be rewritten: %s. %s.".formatted(found, remedy));
  }

  /**
   * Writes an SAE with what lies beside it, and prints what was done.
   *
   * @param stats statistics beside the source, where they are those of what is written
   */
  void write(
      SaeFolder source,
      Optional<SaeStats> stats,
      SaeWriter writer,
      SaeFormat format,
      Screen screen) {
    state(source, stats, writer);
    Path folder = hub ? hubFolder(source, writer) : out;
    Path file = folder.resolve(format.file());
    if (Files.exists(file) && !overwrite) {
      throw TapscopeException.failed(
          "out-exists",
          "There is an SAE at %s already. Give another --out, or --overwrite to replace it."
              .formatted(file));
    }
    writer.writeTo(folder, format);
    screen.out().print(json ? document(file, writer, format) + "\n" : text(file, writer, format));
  }

  private void state(SaeFolder source, Optional<SaeStats> stats, SaeWriter writer) {
    writer.metadata("source", source.sae().file().getFileName().toString());
    writer.metadata("source_format", source.sae().format());
    writer.metadata("source_sha256", source.sae().sha256());
    modelName.ifPresent(name -> writer.metadata("model", name));
    if (site.isPresent()) {
      Matcher address = ADDRESS.matcher(site.get());
      if (!address.matches()) {
        throw TapscopeException.usage(
            "site-unknown",
            "\"%s\" is not the address of one site. Write SITE.LAYER, such as res.12, or INPUT>OUTPUT for a transcoder."
                .formatted(site.get()));
      }
      writer.metadata("site", address.group(1)).metadata("layer", address.group(2));
      Optional.ofNullable(address.group(3)).ifPresent(o -> writer.metadata("output_site", o));
    } else {
      for (String key : new String[] {"site", "layer"}) {
        stats
            .map(s -> s.metadata().get(key))
            .filter(value -> !value.isEmpty())
            .ifPresent(value -> writer.metadata(key, value));
      }
    }
    l0.or(() -> stats.map(SaeStats::l0))
        .ifPresent(value -> writer.metadata("l0", Double.toString(value)));
    stats.ifPresent(writer::stats);
    Path labels = source.folder().resolve(Labels.FILE);
    if (Files.isRegularFile(labels)) {
      source.labels(); // what cannot be read is not handed on
      writer.labels(labels);
    }
  }

  private Path hubFolder(SaeFolder source, SaeWriter writer) {
    Optional<String> layer = writer.stated("layer").filter(l -> l.matches("\\d{1,6}"));
    Optional<String> average = writer.stated("l0");
    if (layer.isEmpty() || average.isEmpty()) {
      throw TapscopeException.usage(
          "hub-unknown",
          "The hub's folder names need the layer and the average L0, and nothing beside the SAE states %s. Add --site ADDRESS and --l0 N, or measure it with tapscope stats."
              .formatted(layer.isEmpty() ? "the layer" : "the L0"));
    }
    return new HubFolder(
            Integer.parseInt(layer.get()),
            source.sae().features(),
            Double.parseDouble(average.get()))
        .under(out);
  }

  private static String text(Path file, SaeWriter writer, SaeFormat format) {
    StringBuilder text = new StringBuilder();
    text.append("wrote ").append(file).append(" (").append(format.word()).append(")\n");
    writer.notes().forEach(note -> text.append(note).append('\n'));
    if (writer.notes().isEmpty()) {
      text.append("The numbers are as they were: nothing was folded.\n");
    }
    return text.toString();
  }

  private static String document(Path file, SaeWriter writer, SaeFormat format) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("schema", "tapscope-export/1");
    document.put("file", file.toString());
    document.put("format", format.word());
    document.put("sha256", Sha256.of(file));
    document.put("notes", writer.notes());
    return new JsonMapper().writeValueAsString(document);
  }
}
