package dev.tapscope;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import dev.tapscope.boot.TapBridge;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Which package may know which. */
@Tag("java25")
class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .importUrl(TapBridge.class.getProtectionDomain().getCodeSource().getLocation());

  @Test
  void theBridgeKnowsNothingButTheJdk() {
    knowsOnly("boot", "java.lang..", "java.util..");
  }

  @Test
  void theTapApiKnowsNothingButTheJdk() {
    knowsOnly("tap", "java..");
  }

  @Test
  void theJUnitExtensionKnowsTheTapApiAndNothingElseOfOurs() {
    knowsOnly("junit", "java..", "dev.tapscope.tap..", "org.junit..", "org.apiguardian..");
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.tapscope.junit..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.junit..")
        .check(CLASSES);
  }

  @Test
  void profilesAreData() {
    knowsOnly("profile", "java..", "dev.tapscope.tap..");
  }

  @Test
  void theWeaverIsPure() {
    knowsOnly(
        "weave",
        "java..",
        "dev.tapscope.profile..",
        "dev.tapscope.boot..",
        "dev.tapscope.tap..", // for what it throws
        "org.objectweb..");
    noClasses()
        .that()
        .resideInAPackage("dev.tapscope.weave..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.lang.instrument..", "java.lang.reflect..")
        .check(CLASSES);
  }

  @Test
  void workOnProfilesNeedsNoRun() {
    knowsOnly(
        "hooks",
        "java..",
        "dev.tapscope.profile..",
        "dev.tapscope.tap..",
        "dev.tapscope.weave..",
        "org.objectweb..");
  }

  @Test
  void aCensusNeedsNoProfile() {
    knowsOnly(
        "census",
        "java..",
        "dev.tapscope.boot..",
        "dev.tapscope.folder..",
        "dev.tapscope.rows..",
        "dev.tapscope.tap..",
        "dev.tapscope.weave..",
        "org.objectweb..");
  }

  @Test
  void whatRunsInsideTheModelKnowsNoWeaver() {
    noClasses()
        .that()
        .resideInAnyPackage(
            Stream.of("rows", "ledger", "run", "link", "folder", "capture")
                .map(name -> "dev.tapscope." + name + "..")
                .toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.tapscope.weave..", "dev.tapscope.agent..", "org.objectweb..", "net.bytebuddy..")
        .check(CLASSES);
  }

  @Test
  void onlyTheAgentKnowsByteBuddy() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.tapscope.agent..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("net.bytebuddy..")
        .check(CLASSES);
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching("dev.tapscope.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void noTypeOfOthersShowsInWhatOthersCall() {
    classes()
        .that()
        .resideInAnyPackage("dev.tapscope.tap..", "dev.tapscope.profile..", "dev.tapscope.hooks..")
        .and()
        .arePublic()
        .should(showOnlyOurTypes())
        .check(CLASSES);
  }

  private static void knowsOnly(String name, String... packages) {
    String own = "dev.tapscope." + name + "..";
    classes()
        .that()
        .resideInAPackage(own)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            Stream.concat(Stream.of(own), Stream.of(packages)).toArray(String[]::new))
        .check(CLASSES);
  }

  private static ArchCondition<JavaClass> showOnlyOurTypes() {
    return new ArchCondition<>("show only types of the JDK and of Tapscope") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        type.getCodeUnits().stream()
            .filter(unit -> !unit.getModifiers().contains(JavaModifier.PRIVATE))
            .forEach(unit -> {
              Set<String> foreign =
                  unit.getAllInvolvedRawTypes().stream()
                      .map(JavaClass::getBaseComponentType)
                      .filter(t -> !t.isPrimitive())
                      .map(JavaClass::getPackageName)
                      .filter(p -> !p.startsWith("java.") && !p.startsWith("dev.tapscope."))
                      .collect(Collectors.toSet());
              events.add(
                  new SimpleConditionEvent(
                      unit, foreign.isEmpty(), unit.getFullName() + " shows " + foreign));
            });
      }
    };
  }
}
