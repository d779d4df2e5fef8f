package dev.tapscope.weave;

import java.util.List;
import java.util.Optional;

/**
 * Result of weaving one class.
 *
 * @param bytes the woven class file; empty when a site does not fit (all or nothing per class) or
 *     none was asked for
 * @param reports one for each site of the class, in their order; sites of other classes have none
 */
public record Woven(Optional<byte[]> bytes, List<SiteReport> reports) {
  public Woven {
    reports = List.copyOf(reports);
  }

  public List<Misfit> misfits() {
    return reports.stream().filter(Misfit.class::isInstance).map(Misfit.class::cast).toList();
  }
}
