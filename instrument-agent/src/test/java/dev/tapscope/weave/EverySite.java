package dev.tapscope.weave;

import dev.tapscope.profile.JoinPoint;
import dev.tapscope.profile.MethodRef;
import dev.tapscope.profile.Operand;
import dev.tapscope.profile.Operand.Root;
import dev.tapscope.profile.Site;
import dev.tapscope.profile.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Every site a class could have: each parameter at each entry, each result at each exit, each
 * argument before, after and around each call, its receiver and what it returns, the stack before
 * it, each variable after each store, each field and element that is stored, each loop. Of what the
 * weaver refuses the reasons are counted.
 */
final class EverySite {
  private final ClassNode owner = new ClassNode();
  private final List<Site> candidates = new ArrayList<>();
  private final List<Site> fitting = new ArrayList<>();
  private final Map<String, Integer> refused = new HashMap<>();

  private EverySite(byte[] bytes) {
    new ClassReader(bytes).accept(owner, 0);
  }

  static EverySite of(byte[] bytes) {
    EverySite every = new EverySite(bytes);
    every.owner.methods.forEach(method -> every.method(bytes, method));
    for (SiteReport report : Weaver.weave(bytes, every.candidates, "test").reports()) {
      if (report instanceof Misfit misfit) {
        every.refused.merge(misfit.id(), 1, Integer::sum);
      } else {
        every.fitting.add(report.site());
      }
    }
    return every;
  }

  List<Site> fitting() {
    return fitting;
  }

  /** Number of refused sites by the id of the misfit. */
  Map<String, Integer> refused() {
    return refused;
  }

  private void method(byte[] bytes, MethodNode method) {
    boolean bridge = (method.access & Opcodes.ACC_BRIDGE) != 0;
    if (bridge || method.instructions.size() == 0) {
      return;
    }
    MethodRef in = reference(owner.name, method.name, method.desc);
    for (int i = 0; i < Type.getArgumentTypes(method.desc).length; i++) {
      add(in, new JoinPoint.Entry(), new Root.Arg(i));
    }
    add(in, new JoinPoint.Exit(), new Root.Return());
    calls(method, in);
    stores(method, in);
    listed(bytes, in);
  }

  /** What only hands on to another method of the class is no call a profile counts. */
  private boolean isOwnBridge(MethodInsnNode call) {
    return call.owner.equals(owner.name)
        && owner.methods.stream()
            .filter(m -> (m.access & Opcodes.ACC_BRIDGE) != 0)
            .anyMatch(m -> m.name.equals(call.name) && m.desc.equals(call.desc));
  }

  private void calls(MethodNode method, MethodRef in) {
    Map<MethodRef, Integer> totals = new HashMap<>();
    List<MethodRef> calls = new ArrayList<>();
    List<Type[]> arguments = new ArrayList<>();
    for (AbstractInsnNode at : method.instructions) {
      if (at instanceof MethodInsnNode call && !isOwnBridge(call)) {
        MethodRef ref = reference(call.owner, call.name, call.desc);
        calls.add(ref);
        arguments.add(Type.getArgumentTypes(call.desc));
        totals.merge(ref, 1, Integer::sum);
      }
    }
    Map<MethodRef, Integer> seen = new HashMap<>();
    for (int c = 0; c < calls.size(); c++) {
      MethodRef call = calls.get(c);
      int nth = seen.merge(call, 1, Integer::sum);
      JoinPoint after = new JoinPoint.AfterCall(call, nth, totals.get(call));
      add(in, after, new Root.Return());
      JoinPoint before = new JoinPoint.BeforeCall(call, nth, totals.get(call));
      add(in, before, new Root.CallThis());
      add(in, after, new Root.CallThis());
      add(in, before, new Root.Stack(1));
      around(in, call, nth, totals.get(call));
      for (int i = 0; i < arguments.get(c).length; i++) {
        add(in, new JoinPoint.BeforeCall(call, nth, totals.get(call)), new Root.CallArg(i));
        add(in, after, new Root.CallArg(i));
      }
    }
  }

  private void around(MethodRef in, MethodRef call, int nth, int of) {
    JoinPoint around = new JoinPoint.AroundCall(call, Optional.empty(), nth, of);
    add(in, around, new Value.Result(new Root.CallArg(0), Optional.of("any")));
    add(in, around, new Root.CallArg(0));
  }

  /** Whatever else a listing names, with what lies on the stack or the first parameter. */
  private void listed(byte[] bytes, MethodRef in) {
    MethodListing listing = MethodListing.of(bytes, in);
    for (MethodListing.Place place : listing.puts()) {
      JoinPoint.AfterPut after = (JoinPoint.AfterPut) joinPoint(place);
      add(in, new JoinPoint.BeforePut(after.field(), after.nth(), after.of()), new Root.Stack(0));
      add(in, after, new Root.This());
    }
    for (List<MethodListing.Place> places : List.of(listing.elements(), listing.loops())) {
      for (MethodListing.Place place : places) {
        add(in, joinPoint(place), new Root.Arg(0));
        add(in, joinPoint(place), new Root.This());
      }
    }
  }

  private static JoinPoint joinPoint(MethodListing.Place place) {
    return Taps.site("in a.B.f;" + place.text() + ";value arg 0").at();
  }

  private void stores(MethodNode method, MethodRef in) {
    Map<Integer, Integer> totals = new HashMap<>();
    for (AbstractInsnNode at : method.instructions) {
      if (at instanceof VarInsnNode store
          && store.getOpcode() >= Opcodes.ISTORE
          && store.getOpcode() <= Opcodes.ASTORE) {
        totals.merge(store.var, 1, Integer::sum);
      }
    }
    totals.forEach((slot, total) -> {
      for (int nth = 1; nth <= total; nth++) {
        add(in, new JoinPoint.AfterStore(new Root.Slot(slot), nth, total), new Root.Slot(slot));
      }
    });
    Set<String> names = new HashSet<>();
    for (LocalVariableNode variable :
        Optional.ofNullable(method.localVariables).orElse(List.of())) {
      if (names.add(variable.name)) {
        named(method, in, variable.name);
      }
    }
  }

  private void named(MethodNode method, MethodRef in, String name) {
    MethodCode code = new MethodCode(owner, method);
    long total =
        code.stores().stream()
            .filter(store ->
                method.localVariables.stream()
                    .anyMatch(v -> v.name.equals(name) && code.assigns(store, v)))
            .count();
    for (int nth = 1; nth <= total; nth++) {
      add(
          in,
          new JoinPoint.AfterStore(new Root.Local(name), nth, (int) total),
          new Root.Local(name));
    }
  }

  private static MethodRef reference(String owner, String name, String descriptor) {
    return new MethodRef(
        Type.getObjectType(owner).getClassName(),
        name,
        Optional.of(
            Arrays.stream(Type.getArgumentTypes(descriptor)).map(Type::getClassName).toList()));
  }

  private void add(MethodRef in, JoinPoint at, Root value) {
    add(in, at, new Value.Plain(Operand.of(value), Optional.of("any")));
  }

  private void add(MethodRef in, JoinPoint at, Value value) {
    Site site =
        new Site(
            "s" + candidates.size(),
            1,
            in,
            List.of(),
            at,
            value,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Site.Rows.EVERY,
            List.of(),
            Optional.empty(),
            0);
    candidates.add(site);
  }
}
