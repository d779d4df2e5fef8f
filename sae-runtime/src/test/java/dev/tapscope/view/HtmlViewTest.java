package dev.tapscope.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.recording.FeatureTable;
import dev.tapscope.recording.FeatureTable.Firing;
import dev.tapscope.recording.RecordedToken;
import dev.tapscope.tap.TapscopeException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HtmlViewTest {
  private final String page = HtmlView.render(HandMade.view());

  @Test
  void isWellFormedAndShowsEveryTokenWithItsFeatures() throws Exception {
    List<Element> tokens = byClass(parse(page), "tok");
    assertEquals(
        List.of("<bos>", "The", " <b>\"␛[31m‹U+202E›'&", "€", "‥", "‥", "↵", " 日本"),
        tokens.stream().map(Element::getTextContent).toList());
    Element hostile = tokens.get(2);
    assertEquals(
        " <b>\"␛[31m‹U+202E›'&   position 2, id 51\n1  8.00  France & <wine>\n2  1.00  –",
        hostile.getAttribute("title"));
    assertEquals("--a:1.000", hostile.getAttribute("style"));
    assertEquals("--a:0.753", tokens.get(1).getAttribute("style")); // 4 of 8 by the law
    assertEquals("--a:0", tokens.get(3).getAttribute("style"));
    assertTrue(tokens.get(7).getAttribute("class").contains("gen"));
  }

  @Test
  void listsFeaturesWithWhereTheyFire() throws Exception {
    List<Element> rows = byClass(parse(page), "feature");
    assertEquals(
        List.of("1", "2", "3", "0", "4"),
        rows.stream().map(r -> r.getElementsByTagName("button").item(0).getTextContent()).toList());
    assertEquals("1:0.500:4.00 2:1.000:8.00 7:0.750:6.00", rows.getFirst().getAttribute("data-v"));
    assertEquals("feature dense", rows.get(3).getAttribute("class"));
    assertEquals("feature bos", rows.get(4).getAttribute("class"));
  }

  @Test
  void reachesOneTokenByTabAndNamesTheTogglesWithCounts() throws Exception {
    Document document = parse(page);
    assertEquals(
        1,
        byClass(document, "tok").stream()
            .filter(t -> t.getAttribute("tabindex").equals("0"))
            .count());
    assertEquals(
        List.of(
            "Show BOS (3.00 active features; 1 of those listed fires nowhere else)",
            "Show 1 feature denser than 10 %"),
        texts(document.getElementsByTagName("label")));
  }

  @Test
  void loadsNothingAndRunsOnlyItsOwnScript() throws Exception {
    Document document = parse(page);
    for (String loading : List.of("link", "img", "iframe", "object", "base", "form")) {
      assertEquals(0, document.getElementsByTagName(loading).getLength(), loading);
    }
    assertFalse(page.contains("src="));
    String policy =
        ((Element) document.getElementsByTagName("meta").item(1)).getAttribute("content");
    assertTrue(policy.startsWith("default-src 'none'"), policy);
    Matcher hash = Pattern.compile("'sha256-([^']+)'").matcher(policy);
    assertTrue(hash.find());
    Matcher script = Pattern.compile("(?s)<script>(.*)</script>").matcher(page);
    assertTrue(script.find());
    byte[] digest =
        java.security.MessageDigest.getInstance("SHA-256")
            .digest(script.group(1).getBytes(java.nio.charset.StandardCharsets.UTF_8));
    assertEquals(java.util.Base64.getEncoder().encodeToString(digest), hash.group(1));
  }

  @Test
  void keepsTextAtTwelvePixelsOrMore() {
    Matcher sizes = Pattern.compile("(?:font-size: |font: (?:\\d+ )?)(\\d+)px").matcher(page);
    int found = 0;
    while (sizes.find()) {
      found++;
      assertTrue(Integer.parseInt(sizes.group(1)) >= 12, sizes.group());
    }
    assertTrue(found > 5);
  }

  @Test
  void refusesAPageThatWouldBeTooLarge() {
    List<RecordedToken> tokens = new ArrayList<>();
    List<List<Firing>> rows = new ArrayList<>();
    for (int i = 0; i < 12_000; i++) {
      tokens.add(new RecordedToken(0, i, i, "token" + i, false, false));
      rows.add(List.of(new Firing(i, 1), new Firing(i + 1, 2)));
    }
    TokenView view =
        ViewBuilder.build(
            "",
            tokens,
            List.of(new FeatureTable("l9", rows)),
            Map.of(),
            List.of(),
            List.of(),
            ViewOptions.DEFAULT);
    TapscopeException large = assertThrows(TapscopeException.class, () -> HtmlView.render(view));
    assertEquals("page-too-large", large.id());
  }

  private static Document parse(String page) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
  }

  private static List<Element> byClass(Document document, String name) {
    List<Element> found = new ArrayList<>();
    NodeList all = document.getElementsByTagName("*");
    for (int i = 0; i < all.getLength(); i++) {
      Element element = (Element) all.item(i);
      if (List.of(element.getAttribute("class").split(" ")).contains(name)) {
        found.add(element);
      }
    }
    return found;
  }

  private static List<String> texts(NodeList nodes) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      texts.add(nodes.item(i).getTextContent());
    }
    return texts;
  }
}
