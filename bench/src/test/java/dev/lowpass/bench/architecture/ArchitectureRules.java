package dev.lowpass.bench.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;

/** The order of the modules, and who may use which library. */
final class ArchitectureRules {

    /** kernels, runtime, models, bench: each may use those before it. */
    static final ArchRule ARROWS = layeredArchitecture().consideringOnlyDependenciesInLayers()
            .layer("kernels").definedBy("dev.lowpass.kernels..")
            .layer("runtime").definedBy("dev.lowpass.runtime..")
            .layer("models").definedBy("dev.lowpass.models..")
            .layer("bench").definedBy("dev.lowpass.bench..")
            .whereLayer("kernels").mayNotAccessAnyLayer()
            .whereLayer("runtime").mayOnlyAccessLayers("kernels")
            .whereLayer("models").mayOnlyAccessLayers("kernels", "runtime")
            .whereLayer("bench").mayNotBeAccessedByAnyLayer();

    /** Elsewhere nothing may need the incubator module, so that everything runs without it. */
    static final ArchRule VECTOR_MODULE = vectorModuleOnlyIn("dev.lowpass.kernels.vector..");

    /** CUDA is one back end's business. */
    static final ArchRule CUDA = noClasses().that().resideOutsideOfPackage("dev.lowpass.kernels..")
            .should().dependOnClassesThat().resideInAnyPackage("jcuda..", "org.lwjgl.cuda..");

    /**
     * No package needs itself in a roundabout way, but for a module's facades: they make what implements the interfaces of their own
     * package. What lies below them may not know of them.
     */
    static final ArchRule NO_CYCLES = slices().matching("dev.lowpass.(**)").should().beFreeOfCycles()
            .ignoreDependency(facade("dev.lowpass.kernels", "Backends"), resideInAPackage("dev.lowpass.kernels.."))
            .ignoreDependency(facade("dev.lowpass.runtime", "Model", "Session", "RunTiming"), resideInAPackage("dev.lowpass.runtime.."));

    static final ArchRule FACADES_STAY_ABOVE = noClasses().that().resideInAnyPackage("dev.lowpass.kernels.*..", "dev.lowpass.runtime.*..")
            .should().dependOnClassesThat(facade("dev.lowpass.kernels", "Backends").or(facade("dev.lowpass.runtime", "Model", "Session", "RunTiming")));

    private ArchitectureRules() {}

    /** Those classes and the ones nested in them. */
    private static DescribedPredicate<JavaClass> facade(String packageName, String... names) {
        List<String> facades = Stream.of(names).map(name -> packageName + '.' + name).toList();
        return DescribedPredicate.describe("the facades " + facades,
                type -> facades.stream().anyMatch(name -> type.getName().equals(name) || type.getName().startsWith(name + '$')));
    }

    static ArchRule vectorModuleOnlyIn(String packages) {
        return noClasses().that().resideOutsideOfPackage(packages).should().dependOnClassesThat().resideInAPackage("jdk.incubator..");
    }
}
