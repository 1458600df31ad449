package dev.lowpass.bench.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The poms obey the arrows too, and keep every version in the root. */
class BuildTest {

    /** Each module's folder, and the modules that its pom may name, by the end of their artifact's name. */
    private static final Map<String, List<String>> ALLOWED = new LinkedHashMap<>();

    static {
        ALLOWED.put("kernels", List.of());
        ALLOWED.put("runtime", List.of("kernels"));
        ALLOWED.put("models", List.of("kernels", "runtime"));
        ALLOWED.put("models/learn", List.of("kernels", "runtime", "models"));
        // Not the learner: who serves does not fetch libtorch.
        ALLOWED.put("bench", List.of("kernels", "runtime", "models"));
        ALLOWED.put("bench/peers", List.of("kernels", "runtime", "models", "learn", "bench"));
        ALLOWED.put("bench/cuda", List.of());
        ALLOWED.put("bench/gpu-check", List.of("bench"));
        ALLOWED.put("bench/kernels", List.of("kernels"));
    }

    /** The folder of the root pom: the tests run in a module's folder, or in the root's. */
    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        return Files.isDirectory(folder.resolve("bench")) ? folder : folder.getParent();
    }

    private static Document pom(Path file) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file.toFile());
    }

    private static String child(Element element, String name) {
        for (Node node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node.getNodeName().equals(name)) {
                return node.getTextContent().strip();
            }
        }
        return "";
    }

    private static List<Element> elements(Document pom, String tag) {
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < pom.getElementsByTagName(tag).getLength(); i++) {
            elements.add((Element) pom.getElementsByTagName(tag).item(i));
        }
        return elements;
    }

    /** Dependencies on modules of this project other than the allowed ones. */
    private static List<String> wrongDependencies(List<String> allowed, Document pom) {
        return elements(pom, "dependency").stream()
                .filter(dependency -> child(dependency, "groupId").equals("dev.lowpass"))
                .map(dependency -> child(dependency, "artifactId").replaceFirst("^lowpass-", ""))
                .filter(module -> !allowed.contains(module))
                .toList();
    }

    private static Document pomOf(String module) throws Exception {
        return pom(root().resolve(module).resolve("pom.xml"));
    }

    @Test
    void everyModuleIsKnown() throws Exception {
        assertEquals(List.copyOf(ALLOWED.keySet()),
                elements(pom(root().resolve("pom.xml")), "module").stream().map(module -> module.getTextContent().strip()).toList());
    }

    @Test
    void modulesDependOnEarlierOnesOnly() throws Exception {
        for (String module : ALLOWED.keySet()) {
            assertEquals(List.of(), wrongDependencies(ALLOWED.get(module), pomOf(module)), module);
        }
        // The check sees something: what is right for the last module is wrong for the first.
        assertTrue(wrongDependencies(ALLOWED.get("kernels"), pomOf("bench")).contains("models"));
    }

    /** A module's pom may name a version by a property, as long as the root sets it. */
    @Test
    void versionsStandInTheRootOnly() throws Exception {
        List<String> properties = names(pom(root().resolve("pom.xml")));
        assertTrue(properties.contains("picocli.version"), properties.toString());
        for (String module : ALLOWED.keySet()) {
            Document pom = pomOf(module);
            for (String tag : List.of("dependency", "plugin")) {
                for (Element element : elements(pom, tag)) {
                    String version = child(element, "version");
                    assertTrue(version.isEmpty() || version.startsWith("${") && properties.contains(version.substring(2, version.length() - 1)),
                            module + ": " + child(element, "artifactId") + " has the version \"" + version + "\" of its own; name it in the root pom");
                }
            }
            assertTrue(names(pom).stream().noneMatch(name -> name.endsWith(".version")), module + " sets a version: " + names(pom));
        }
    }

    /** The properties that a pom sets. */
    private static List<String> names(Document pom) {
        List<String> names = new ArrayList<>();
        for (Element properties : elements(pom, "properties")) {
            for (Node node = properties.getFirstChild(); node != null; node = node.getNextSibling()) {
                names.add(node.getNodeName());
            }
        }
        return names;
    }

    /** Each module's folder is its package, so that no package is split between modules. */
    @Test
    void everySourceLiesInItsModulesPackage() throws Exception {
        for (String module : ALLOWED.keySet()) {
            Path sources = root().resolve(module).resolve("src/main/java");
            if (!Files.isDirectory(sources)) {
                continue; // a module that only names what is fetched
            }
            try (Stream<Path> files = Files.walk(sources)) {
                List<Path> strays = files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("module-info.java"))
                        .filter(file -> !sources.relativize(file).startsWith(Path.of("dev", "lowpass").resolve(module)))
                        .toList();
                assertEquals(List.of(), strays);
            }
        }
    }
}
