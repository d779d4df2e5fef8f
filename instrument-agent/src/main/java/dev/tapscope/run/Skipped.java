package dev.tapscope.run;

import dev.tapscope.ledger.Coverage;
import dev.tapscope.rows.Rows;
import dev.tapscope.tap.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A call that is left out. */
public final class Skipped {
  private final ModelSide side;
  private final PassScope scope;
  private final Address address;
  private final Hooks.Attached hook;

  Skipped(ModelSide side, PassScope scope, Address address, Hooks.Attached hook) {
    this.side = side;
    this.scope = scope;
    this.address = address;
    this.hook = hook;
  }

  /**
   * Lets the hook fill what the call would have made.
   *
   * @param form makes an object of the form of the result, which the hook may write into
   * @return empty when there is nothing to supply and the call is to be made
   */
  public Optional<Object> supply(Shown shown, Object[] passed, Supplier<Object> form) {
    List<Object> supplied = new ArrayList<>(1);
    side.work(
        side.state(),
        "tap " + shown.site().name(),
        () -> {
          Coverage coverage = scope.pass.orElseThrow();
          Object like = form.get();
          Rows rows = shown.rows(like, passed);
          int first = shown.first(passed, coverage.pass().start());
          if (!coverage.saw(address, first, rows.positions(), rows.rows())) {
            side.ledger().outsidePositions(address, coverage.pass(), first, rows.positions());
            return;
          }
          coverage.skipped(address.layer());
          Lent lent = new Lent(shown, passed, like, rows);
          side.call(
              hook,
              new BorrowedActivation(address, scope, coverage.pass(), first, lent, hook.phase()),
              scope);
          supplied.add(lent.tensor());
        });
    return supplied.stream().findFirst();
  }
}
