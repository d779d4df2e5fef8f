package dev.tapscope.agent;

import dev.tapscope.run.TapEvents;
import dev.tapscope.tap.Address;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One fire of a tap; its duration is that of the hooks. */
@Name("dev.tapscope.Tap")
@Label("Tap")
@Category("Tapscope")
@Description("A value at a site was shown to the hooks of a run")
@StackTrace(false)
final class TapEvent extends Event implements TapEvents.Fire {
  @Label("Site")
  String site;

  @Label("Layer")
  @Description("-1 outside the blocks")
  int layer;

  @Label("First position")
  int position;

  @Label("Rows")
  int rows;

  static TapEvents.Fire started() {
    TapEvent event = new TapEvent();
    event.begin();
    return event;
  }

  @Override
  public void end(Address address, int firstPosition, int rowsShown) {
    end();
    if (shouldCommit()) {
      site = address.site();
      layer = address.layer();
      position = firstPosition;
      rows = rowsShown;
      commit();
    }
  }
}
