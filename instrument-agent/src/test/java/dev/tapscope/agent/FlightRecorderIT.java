package dev.tapscope.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.testing.ChildJvm;
import dev.tapscope.testing.ChildJvm.Result;
import dev.tapscope.testing.TinyProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every fire on the timeline of the JDK's flight recorder, on request. */
class FlightRecorderIT {
  @TempDir Path folder;

  private ChildJvm child(Path java) throws IOException {
    Files.writeString(folder.resolve("tiny.taps"), TinyProfile.text());
    return new ChildJvm(java, folder)
        .brief()
        .flag("-XX:StartFlightRecording:filename=" + folder.resolve("run.jfr"));
  }

  private Map<String, Integer> fires() throws IOException {
    Map<String, Integer> fires = new TreeMap<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(folder.resolve("run.jfr"))) {
      if (event.getEventType().getName().equals("dev.tapscope.Tap")) {
        assertTrue(!event.getDuration().isNegative());
        String rows = " " + event.getInt("position") + "+" + event.getInt("rows");
        fires.merge(event.getString("site") + "." + event.getInt("layer") + rows, 1, Integer::sum);
      }
    }
    return fires;
  }

  @ParameterizedTest
  @ValueSource(ints = {25, 17})
  void everyFireIsAnEvent(int version) throws IOException {
    Path java = version == 25 ? ChildJvm.thisJava() : ChildJvm.mavensJava();
    Result result =
        child(java)
            .agent("profile=tiny.taps,jfr=true,capture=res.*,out=" + folder.resolve("run"))
            .run("n=1");
    assertEquals(0, result.exit(), result.err());
    // The prompt of three tokens, and the pass of the one that was generated.
    Map<String, Integer> wanted = new TreeMap<>();
    for (int layer = 0; layer < 3; layer++) {
      wanted.put("res." + layer + " 0+3", 1);
      wanted.put("res." + layer + " 3+1", 1);
    }
    assertEquals(wanted, fires());
  }

  @Test
  void withoutTheRequestThereIsNone() throws IOException {
    Result result =
        child(ChildJvm.thisJava())
            .agent("profile=tiny.taps,capture=res.*,out=" + folder.resolve("run"))
            .run("n=1");
    assertEquals(0, result.exit(), result.err());
    assertEquals(Map.of(), fires());
  }
}
