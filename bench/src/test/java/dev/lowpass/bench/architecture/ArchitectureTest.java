package dev.lowpass.bench.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar")) // a packaged module's tests, as "mvn verify" puts them here
            .importPackages("dev.lowpass");

    /** A rule over no classes would hold. */
    @Test
    void everyModuleIsLookedAt() {
        TreeSet<String> modules = new TreeSet<>();
        CLASSES.forEach(type -> modules.add(type.getPackageName().split("\\.")[2]));
        assertEquals(List.of("bench", "kernels", "models", "runtime"), List.copyOf(modules));
    }

    @Test
    void arrowsPointOneWay() {
        ArchitectureRules.ARROWS.check(CLASSES);
    }

    @Test
    void onlyTheVectorBackEndNeedsTheVectorModule() {
        ArchitectureRules.VECTOR_MODULE.check(CLASSES);
        // The rule sees the classes that do need it.
        assertTrue(ArchitectureRules.vectorModuleOnlyIn("dev.lowpass.nowhere..").evaluate(CLASSES).hasViolation());
    }

    @Test
    void onlyKernelsKnowCuda() {
        ArchitectureRules.CUDA.check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        ArchitectureRules.NO_CYCLES.check(CLASSES);
        ArchitectureRules.FACADES_STAY_ABOVE.check(CLASSES);
    }

    /** Classes that break the rules, so that a rule that sees nothing is noticed. */
    @Test
    void rulesFindWhatBreaksThem() {
        JavaClasses broken = new ClassFileImporter().importPackages(
                "dev.lowpass.kernels.broken", "dev.lowpass.runtime.broken", "dev.lowpass.models.broken", "dev.lowpass.models.brokencycle");
        assertFinds(ArchitectureRules.ARROWS, broken, "RuntimeThatKnowsModels");
        assertFinds(ArchitectureRules.ARROWS, broken, "KernelThatKnowsRuntime");
        assertFinds(ArchitectureRules.FACADES_STAY_ABOVE, broken, "KernelThatKnowsRuntime");
        assertFinds(ArchitectureRules.NO_CYCLES, broken, "ModelOfACycle");
    }

    private static void assertFinds(ArchRule rule, JavaClasses classes, String name) {
        EvaluationResult result = rule.evaluate(classes);
        assertTrue(result.getFailureReport().getDetails().stream().anyMatch(detail -> detail.contains(name)), name + " in " + result.getFailureReport());
    }
}
