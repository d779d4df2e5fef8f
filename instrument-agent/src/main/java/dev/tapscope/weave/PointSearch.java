package dev.tapscope.weave;

import dev.tapscope.profile.JoinPoint;
import java.util.List;
import org.objectweb.asm.tree.MethodInsnNode;

/** Finds the points of a method a join point means: one, or at {@code exit} one for each return. */
final class PointSearch {
  private final MethodCode code;
  private final JoinPoint wanted;

  private PointSearch(MethodCode code, JoinPoint wanted) {
    this.code = code;
    this.wanted = wanted;
  }

  static List<Point> find(MethodCode code, JoinPoint wanted) {
    PointSearch search = new PointSearch(code, wanted);
    List<Point> points = search.find();
    points.forEach(search::requireConstructed);
    return points;
  }

  private List<Point> find() {
    if (wanted instanceof JoinPoint.Entry) {
      return List.of(entry());
    }
    if (wanted instanceof JoinPoint.Exit) {
      return exits();
    }
    if (wanted instanceof JoinPoint.AtCall at) {
      return List.of(call(at));
    }
    if (wanted instanceof JoinPoint.AfterStore at) {
      return List.of(Point.after(StoreSearch.find(code, at)));
    }
    if (wanted instanceof JoinPoint.BeforePut at) {
      return List.of(Point.before(new PutSearch(code).put(at.field(), at.nth(), at.of(), wanted)));
    }
    if (wanted instanceof JoinPoint.AfterPut at) {
      return List.of(Point.after(new PutSearch(code).put(at.field(), at.nth(), at.of(), wanted)));
    }
    if (wanted instanceof JoinPoint.AfterElement at) {
      return List.of(Point.after(new ElementSearch(code).find(at)));
    }
    return List.of(new LoopSearch(code).find(wanted));
  }

  private Point call(JoinPoint.AtCall at) {
    MethodInsnNode call = CallSearch.find(code, at);
    if (at instanceof JoinPoint.AroundCall) {
      requireReplaceable(call);
      return Point.at(call, Point.Side.AROUND);
    }
    return Point.at(
        call, at instanceof JoinPoint.BeforeCall ? Point.Side.BEFORE : Point.Side.AFTER);
  }

  /** A call can be left to the tap if a method handle can stand for it. */
  private void requireReplaceable(MethodInsnNode call) {
    boolean polymorphic =
        call.owner.equals("java/lang/invoke/MethodHandle")
            || call.owner.equals("java/lang/invoke/VarHandle");
    if (call.name.equals("<init>") || polymorphic) {
      throw new NoFit(
          "around-call",
          "Wanted '"
              + wanted
              + "' in "
              + code.name()
              + ", "
              + code.place(call)
              + "; found "
              + (polymorphic
                  ? "a call through a method handle, whose types only it knows"
                  : "a constructor, without which there is no object")
              + ". Such a call cannot be left out: write 'before call' or 'after call', or name a"
              + " method around it.");
    }
  }

  /** Before the first label: a loop that jumps back to the start must not pass here again. */
  private Point entry() {
    return code.method().name.equals("<init>")
        ? code.superCall().map(Point::after).orElseThrow(this::oddConstructor)
        : Point.before(code.method().instructions.getFirst());
  }

  private NoFit oddConstructor() {
    return new NoFit(
        "before-super",
        "Wanted the start of the constructor "
            + code.name()
            + "; found no single call of super() or this() to begin behind. Tap a method it"
            + " calls.");
  }

  /** In a constructor nothing can be tapped before the object exists. */
  private void requireConstructed(Point point) {
    if (!code.method().name.equals("<init>")) {
      return;
    }
    MethodInsnNode superCall = code.superCall().orElseThrow(this::oddConstructor);
    boolean early =
        code.position(point.anchor()) < code.position(superCall)
            || (point.anchor() == superCall && !point.after());
    if (early) {
      throw new NoFit(
          "before-super",
          "Wanted '"
              + wanted
              + "' in "
              + code.name()
              + ", "
              + code.place(point.anchor())
              + "; found it before super() or this() at "
              + code.place(superCall)
              + ", where the object does not exist yet. Write: at entry, or a later place.");
    }
  }

  private List<Point> exits() {
    List<Point> points = code.returns().stream().map(Point::before).toList();
    if (points.isEmpty()) {
      throw new NoFit(
          "exit-missing",
          "Wanted the exit of "
              + code.name()
              + "; found that it never returns normally. Tap a call or a store inside it.");
    }
    return points;
  }
}
