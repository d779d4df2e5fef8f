package dev.tapscope;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.tapscope.sae.SaeFolder;
import org.junit.jupiter.api.Test;

/** Which part of this module may know which. */
final class ModuleRulesTest {
  private static final JavaClasses MODULE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importUrl(SaeFolder.class.getProtectionDomain().getCodeSource().getLocation());

  @Test
  void kernelsKnowNothingOfFilesOrModels() {
    classes()
        .that()
        .resideInAPackage("dev.tapscope.kernel..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.tapscope.kernel..",
            "dev.tapscope.cuda",
            "java.lang..",
            "java.nio",
            "java.util..",
            "jdk.incubator.vector..")
        .check(MODULE);
  }

  @Test
  void stepsKnowNothingOfFilesSchedulesOrModels() {
    classes()
        .that()
        .resideInAPackage("dev.tapscope.step..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.tapscope.step..",
            "dev.tapscope.cuda",
            "java.lang..",
            "java.nio",
            "java.util..",
            "jdk.incubator.vector..")
        .check(MODULE);
  }

  /** What CUDA is like on this machine is cuda-kernels' affair. */
  @Test
  void nobodyCallsJCuda() {
    noClasses().should().dependOnClassesThat().resideInAPackage("jcuda..").check(MODULE);
  }

  @Test
  void readersKnowNothingOfSaes() {
    noClasses()
        .that()
        .resideInAPackage("dev.tapscope.io..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.tapscope.sae..",
            "dev.tapscope.kernel..",
            "dev.tapscope.edit..",
            "dev.tapscope.attach..")
        .check(MODULE);
  }

  @Test
  void ofTheAgentOnlyWhatIsPublicIsUsed() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.tapscope.agent..",
            "dev.tapscope.boot..",
            "dev.tapscope.profile..",
            "dev.tapscope.weave..",
            "dev.tapscope.ledger..",
            "dev.tapscope.rows..",
            "dev.tapscope.run..")
        .check(MODULE);
  }

  @Test
  void onlyTheCommandLineWorksOnProfiles() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.tapscope.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.tapscope.hooks..")
        .check(MODULE);
  }
}
