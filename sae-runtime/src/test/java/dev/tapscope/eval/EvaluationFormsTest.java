package dev.tapscope.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.kernel.Kernels;
import dev.tapscope.kernel.SaeWeights;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class EvaluationFormsTest {
  private static SaeEvaluation sae(String name, String address, double l0, double delta) {
    SaeWeights.Draft draft = new SaeWeights.Draft(1, 2, 2);
    draft.decoderRow(0, new float[] {1, 0});
    draft.decoderRow(1, new float[] {0.6f, 0.8f});
    return new SaeEvaluation(
        name,
        address,
        "saes/\"a\", b",
        "0f",
        new ReconstructionScore(100, l0, 2, 0.25, new Densities(new long[] {50, 0}, 100)),
        new LanguageLoss(90, 1, 1 + delta, 3),
        DecoderCosines.of(draft.finish(), weights -> Kernels.plain()));
  }

  private static Evaluation of(SaeEvaluation... saes) {
    return new Evaluation("tiny & co", "a<b.txt", 3, true, List.of(saes));
  }

  @Test
  void jsonHoldsEveryNumber() {
    JsonNode document =
        new JsonMapper().readTree(EvaluationJson.of(of(sae("l9", "res.3", 8.5, 0.5))));
    assertEquals("tapscope-eval/1", document.get("schema").stringValue());
    JsonNode sae = document.at("/saes/0");
    assertEquals(8.5, sae.get("l0").doubleValue());
    assertEquals(0.25, sae.get("fvu_about_dataset_mean").doubleValue());
    assertEquals(0.5, sae.get("delta_loss").doubleValue());
    assertEquals(0.75, sae.get("loss_recovered").doubleValue());
    assertEquals(1, sae.get("dead_features").intValue());
    assertEquals(1, sae.get("features_denser_than_10_percent").intValue());
    assertEquals(0.6, sae.at("/decoder_cosine_to_nearest/max").doubleValue(), 1e-6);
    JsonNode last = sae.at("/density_histogram/11");
    assertEquals(1, last.get("features").intValue());
    assertEquals(1, last.get("to").doubleValue(), 1e-12);
  }

  @Test
  void csvHasALineForEachSaeAndQuotesWhatNeedsIt() {
    List<String> lines =
        EvaluationCsv.of(of(sae("l9", "res.3", 8.5, 0.5), sae("m", "mlp.3", 21, 0.25)))
            .lines()
            .toList();
    assertEquals(3, lines.size());
    assertTrue(lines.getFirst().startsWith("name,address,path,features,tokens,l0,"));
    assertTrue(lines.get(1).startsWith("l9,res.3,\"saes/\"\"a\"\", b\",2,100,8.5,0.25,2.0,90,"));
    int columns = lines.getFirst().split(",").length;
    assertEquals(columns + 1, lines.get(2).split(",").length, "the path holds one more comma");
  }

  @Test
  void plotMarksEachSaeWithItsNameAndItsSitesShape() throws Exception {
    Document svg =
        parse(
            FrontierPlot.of(
                of(
                    sae("l9", "res.3", 10, 0.1),
                    sae("l26", "res.3", 100, 0.01),
                    sae("m<1", "mlp.3", 10, 0.01))));
    List<String> texts = new ArrayList<>();
    NodeList nodes = svg.getElementsByTagName("text");
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    assertTrue(texts.containsAll(List.of("l9", "l26", "m<1", "res.3", "mlp.3")), texts::toString);
    assertTrue(texts.contains("delta loss, nats per token (logarithmic)"), texts::toString);
    List<Mark> marks = marks(svg);
    assertEquals(5, marks.size(), "three SAEs and two sites in the legend");
    // Equal L0 is one column, equal delta loss one row; larger is right, and up.
    assertEquals(marks.get(0).x, marks.get(2).x);
    assertEquals(marks.get(1).y, marks.get(2).y);
    assertTrue(marks.get(1).x > marks.get(0).x);
    assertTrue(marks.get(0).y < marks.get(1).y);
    assertEquals(marks.get(0).shape, marks.get(1).shape);
    assertFalse(marks.get(0).shape.equals(marks.get(2).shape));
  }

  @Test
  void aDeltaLossOfZeroOrLessIsDrawnOnALinearAxis() throws Exception {
    String text = FrontierPlot.of(of(sae("a", "res.3", 10, 0.5), sae("b", "res.3", 20, -0.25)));
    assertTrue(text.contains("delta loss, nats per token<"), text);
    List<Mark> marks = marks(parse(text));
    assertTrue(marks.get(0).y < marks.get(1).y);
  }

  @Test
  void oneSaeAloneIsDrawnWithinThePlot() throws Exception {
    Mark mark = marks(parse(FrontierPlot.of(of(sae("a", "res.3", 10, 0.5))))).getFirst();
    assertTrue(mark.x > 90 && mark.x < 570 && mark.y > 50 && mark.y < 420, mark::toString);
  }

  private record Mark(double x, double y, String shape) {}

  /** Paths that are filled: marks, in the order they were drawn. */
  private static List<Mark> marks(Document svg) {
    List<Mark> marks = new ArrayList<>();
    NodeList paths = svg.getElementsByTagName("path");
    for (int i = 0; i < paths.getLength(); i++) {
      Element path = (Element) paths.item(i);
      if (path.getAttribute("fill").startsWith("#")) {
        String[] parts = path.getAttribute("d").substring(1).split(" ", 3);
        double[] place = Arrays.stream(parts).limit(2).mapToDouble(Double::parseDouble).toArray();
        marks.add(new Mark(place[0], place[1], parts[2]));
      }
    }
    return marks;
  }

  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }
}
