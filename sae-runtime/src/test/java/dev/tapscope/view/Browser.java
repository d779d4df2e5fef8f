package dev.tapscope.view;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A headless Chromium with one page open, driven by its DevTools protocol. */
final class Browser implements AutoCloseable {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final HttpClient http;
  private final WebSocket socket;
  private final BlockingQueue<JsonNode> answers;
  private int sent;

  private Browser(
      Process process, HttpClient http, WebSocket socket, BlockingQueue<JsonNode> answers) {
    this.process = process;
    this.http = http;
    this.socket = socket;
    this.answers = answers;
  }

  /** The Chromium on PATH, if there is one. */
  static Optional<Path> find() {
    return Stream.of("chromium", "chromium-browser", "google-chrome")
        .flatMap(name ->
            Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * Opens a page.
   *
   * @param profile an empty folder for the browser's own files
   */
  static Browser open(Path chromium, Path profile, Path page) throws Exception {
    Process process =
        new ProcessBuilder(
                chromium.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--window-size=1200,1400",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(profile.resolve("chromium.log").toFile())
            .start();
    HttpClient http = HttpClient.newHttpClient();
    String port = awaitPort(process, profile.resolve("DevToolsActivePort"));
    BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
    WebSocket socket =
        http.newWebSocketBuilder()
            .buildAsync(URI.create(awaitPage(http, port)), new Listener(answers))
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    Browser browser = new Browser(process, http, socket, answers);
    browser.load(page);
    return browser;
  }

  /**
   * Goes to a page and waits for it. The document's state alone does not tell: the empty document a
   * window begins with is complete too.
   */
  private void load(Path page) throws Exception {
    String address = page.toUri().toString();
    call("Page.navigate", Map.of("url", address));
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!evaluate("document.readyState + ' ' + location.href")
        .asString()
        .equals("complete " + address)) {
      pause(deadline, "the page to load");
    }
  }

  private static String awaitPort(Process process, Path file) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!Files.exists(file) || Files.readAllLines(file).size() < 2) {
      if (!process.isAlive()) {
        throw new IOException("Chromium ended with exit code " + process.exitValue());
      }
      pause(deadline, "Chromium to listen");
    }
    return Files.readAllLines(file).getFirst();
  }

  private static String awaitPage(HttpClient http, String port) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    HttpRequest list =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/json/list")).build();
    while (true) {
      String body = http.send(list, HttpResponse.BodyHandlers.ofString()).body();
      for (JsonNode target : MAPPER.readTree(body)) {
        if (target.path("type").asString("").equals("page")) {
          return target.get("webSocketDebuggerUrl").asString();
        }
      }
      pause(deadline, "a page in Chromium");
    }
  }

  private static void pause(long deadline, String what) throws InterruptedException {
    if (System.nanoTime() > deadline) {
      throw new IllegalStateException("Waited a minute for " + what + ".");
    }
    Thread.sleep(50);
  }

  /** Value of an expression in the page. */
  JsonNode evaluate(String expression) throws Exception {
    JsonNode result =
        call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
    if (result.has("exceptionDetails")) {
      throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
    }
    return result.path("result").path("value");
  }

  /** Moves the mouse to the middle of an element. */
  void pointAt(String selector) throws Exception {
    mouse("mouseMoved", selector, 0);
  }

  /** Clicks the middle of an element with the left button. */
  void click(String selector) throws Exception {
    mouse("mouseMoved", selector, 0);
    mouse("mousePressed", selector, 1);
    mouse("mouseReleased", selector, 1);
  }

  void press(String key) throws Exception {
    call("Input.dispatchKeyEvent", Map.of("type", "keyDown", "key", key));
    call("Input.dispatchKeyEvent", Map.of("type", "keyUp", "key", key));
  }

  private void mouse(String type, String selector, int clicks) throws Exception {
    String box = "document.querySelector('" + selector + "').getBoundingClientRect()";
    double x = evaluate("(b => b.left + b.width / 2)(" + box + ")").asDouble();
    double y = evaluate("(b => b.top + b.height / 2)(" + box + ")").asDouble();
    call(
        "Input.dispatchMouseEvent",
        Map.of(
            "type",
            type,
            "x",
            x,
            "y",
            y,
            "clickCount",
            clicks,
            "button",
            clicks == 0 ? "none" : "left"));
  }

  /** What the window shows, as PNG. */
  byte[] screenshot() throws Exception {
    return Base64.getDecoder()
        .decode(call("Page.captureScreenshot", Map.of("format", "png")).get("data").asString());
  }

  /** Shows the page as on a machine that prefers dark screens. */
  void preferDark() throws Exception {
    call(
        "Emulation.setEmulatedMedia",
        Map.of("features", new Object[] {Map.of("name", "prefers-color-scheme", "value", "dark")}));
  }

  private JsonNode call(String method, Map<String, ?> parameters) throws Exception {
    int id = ++sent;
    socket
        .sendText(
            MAPPER.writeValueAsString(Map.of("id", id, "method", method, "params", parameters)),
            true)
        .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    while (true) {
      JsonNode answer = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (answer == null || answer.has("error")) {
        throw new IllegalStateException(method + ": " + answer);
      }
      if (answer.path("id").asInt(-1) == id) {
        return answer.get("result");
      }
    }
  }

  @Override
  public void close() throws Exception {
    socket.abort();
    http.close();
    process.destroy();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  /** Puts the pieces of each message together. */
  private static final class Listener implements WebSocket.Listener {
    private final BlockingQueue<JsonNode> answers;
    private final StringBuilder message = new StringBuilder();

    Listener(BlockingQueue<JsonNode> answers) {
      this.answers = answers;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      message.append(data);
      if (last) {
        answers.add(MAPPER.readTree(message.toString()));
        message.setLength(0);
      }
      socket.request(1);
      return null;
    }
  }
}
