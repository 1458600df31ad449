package dev.lowpass.bench.profile;

import dev.lowpass.runtime.plan.Plan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * What two plans of one graph have in common: a step of one may carry out the ops of several of the other, which then compare as a whole
 * only.
 */
final class Correspondence {

    /**
     * The least sets of steps that carry out the same ops.
     *
     * @param steps of the first plan, by number, rising
     * @param others of the second plan
     * @param ops that both carry out
     */
    record Group(List<Integer> steps, List<Integer> others, Set<String> ops) {}

    private final Map<String, String> parents = new LinkedHashMap<>();

    private Correspondence() {}

    /** Steps that carry out no op, mere changes of domain, are in no group. */
    static List<Group> of(List<Plan.Step> steps, List<Plan.Step> others) {
        Correspondence ops = new Correspondence();
        steps.forEach(step -> ops.join(step.ops()));
        others.forEach(step -> ops.join(step.ops()));
        Map<String, Group> groups = new LinkedHashMap<>();
        for (String op : ops.parents.keySet()) {
            groups.computeIfAbsent(ops.root(op), root -> new Group(new ArrayList<>(), new ArrayList<>(), new LinkedHashSet<>())).ops().add(op);
        }
        ops.number(steps, groups, Group::steps);
        ops.number(others, groups, Group::others);
        return List.copyOf(groups.values());
    }

    /** Adds each step that carries out an op to its group. */
    private void number(List<Plan.Step> steps, Map<String, Group> groups, Function<Group, List<Integer>> numbers) {
        for (int i = 0; i < steps.size(); i++) {
            if (!steps.get(i).ops().isEmpty()) {
                numbers.apply(groups.get(root(steps.get(i).ops().get(0)))).add(i);
            }
        }
    }

    /**
     * Which names belong together because somebody has several of them.
     *
     * @return by name the first of those that it belongs to, itself where it is alone or the first; in the order in which names appear
     */
    static Map<String, String> joined(List<List<String>> sets) {
        Correspondence names = new Correspondence();
        sets.forEach(names::join);
        Map<String, String> first = new LinkedHashMap<>();
        Map<String, String> byRoot = new LinkedHashMap<>();
        names.parents.keySet().forEach(name -> first.put(name, byRoot.computeIfAbsent(names.root(name), root -> name)));
        return first;
    }

    private void join(List<String> names) {
        for (String name : names) {
            parents.putIfAbsent(name, name);
            parents.put(root(name), root(names.get(0)));
        }
    }

    private String root(String name) {
        String at = name;
        while (!parents.get(at).equals(at)) {
            at = parents.get(at);
        }
        return at;
    }
}
