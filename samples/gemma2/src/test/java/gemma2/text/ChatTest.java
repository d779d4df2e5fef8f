package gemma2.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gemma2.io.InputException;
import gemma2.io.Json;
import gemma2.testing.TinyTokenizer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatTest {

  @TempDir Path folder;

  @Test
  void followsTheFormat() {
    List<Chat.Message> messages =
        Chat.parse(
            "test",
            Json.parse(
                "test",
                """
                [{"role": "user", "content": " \\n\\u00a0abc\\u2003\\n"},
                 {"role": "assistant", "content": "cd"},
                 {"role": "user", "content": "a\\n b"}]\
                """));
    Tokenizer tokenizer = tokenizer(TinyTokenizer.standard());
    String chat =
        "<bos><start_of_turn>user\nabc<end_of_turn>\n<start_of_turn>model\ncd<end_of_turn>\n"
            + "<start_of_turn>user\na\n b<end_of_turn>\n";
    assertEquals(chat, TextStream.decode(tokenizer, Chat.encode(tokenizer, messages, false)));
    assertEquals(
        chat + "<start_of_turn>model\n",
        TextStream.decode(tokenizer, Chat.encode(tokenizer, messages, true)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                                          | must be an array of messages",
        "[]                                          | has no message",
        "[{\"role\":\"user\"}]                       | message 1 has no field \"content\"",
        "[{\"role\":\"system\",\"content\":\"x\"}]   | must be of role \"user\"",
        "[{\"role\":\"user\",\"content\":7}]         | must be a string",
        "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\",\"content\":\"y\"}] | message 2",
      })
  void refusesWhatIsNoChat(String json, String why) {
    String message =
        assertThrows(
                InputException.class, () -> Chat.parse("the file", Json.parse("the file", json)))
            .getMessage();
    assertTrue(message.contains(why), message);
  }

  @Test
  void refusesATokenizerWithoutTurns() {
    TinyTokenizer without = TinyTokenizer.empty();
    without.piece("<pad>", 0, 3).piece("<eos>", 0, 3).piece("<bos>", 0, 3).piece("<unk>", 0, 2);
    Tokenizer tokenizer = tokenizer(without.trainer(35, 0));
    String message =
        assertThrows(
                InputException.class,
                () -> Chat.encode(tokenizer, List.of(Chat.Message.user("x")), true))
            .getMessage();
    assertTrue(message.contains("has no piece <start_of_turn>, which a chat needs"), message);
  }

  private Tokenizer tokenizer(TinyTokenizer pieces) {
    pieces.write(folder);
    return Tokenizer.find(folder).orElseThrow();
  }
}
