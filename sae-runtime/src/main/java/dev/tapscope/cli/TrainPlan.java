package dev.tapscope.cli;

import dev.tapscope.tap.TapscopeException;
import dev.tapscope.train.Course;
import dev.tapscope.train.Plan;
import dev.tapscope.train.Recipe;
import dev.tapscope.train.Task;
import dev.tapscope.train.Word;
import dev.tapscope.train.Words;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the flags of {@code train} ask for. */
final class TrainPlan {
  /** What the one SAE is called where none has been named. */
  static final String UNNAMED = "sae";

  private static final Pattern SAE =
      Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*):(.*)", Pattern.DOTALL);

  private TrainPlan() {}

  /**
   * @param common words of the recipe file and of the flags
   * @param saes each {@code NAME: WORD=VALUE ...}; none for one SAE of the common words
   * @param origin where the rows come from
   */
  static Plan of(Words common, List<String> saes, Map<String, String> origin) {
    Course course = Course.of(common.by("The command"));
    Map<String, Words> named = new LinkedHashMap<>();
    for (String sae : saes) {
      Matcher match = SAE.matcher(sae.strip());
      if (!match.matches() || named.containsKey(match.group(1))) {
        throw TapscopeException.usage(
            "sae-syntax",
            "--sae '%s' was not understood, or its name is another's. Write --sae \"NAME: width=1024 lambda=2e-3\", each SAE under a name of its own."
                .formatted(sae));
      }
      named.put(match.group(1), own("SAE " + match.group(1), match.group(2)));
    }
    if (named.isEmpty()) {
      named.put(UNNAMED, Words.none());
    }
    List<Task> tasks = new ArrayList<>();
    named.forEach((name, words) ->
        tasks.add(new Task(name, Recipe.of(common.then(words).by("SAE " + name)))));
    return new Plan(course, tasks, origin);
  }

  private static Words own(String giver, String line) {
    Words words = Words.line(giver, line);
    Set<Word> given = words.given();
    for (Word word : given) {
      if (word.ofCourse()) {
        throw TapscopeException.usage(
            "recipe-word",
            "%s says its %s, which all SAEs of a run share. Give it as --%s."
                .formatted(giver, word.spelling(), word.spelling()));
      }
    }
    return words;
  }
}
