package dev.tapscope.link;

import dev.tapscope.profile.Layer;
import dev.tapscope.profile.Site;
import dev.tapscope.rows.Rows;
import dev.tapscope.run.Shown;
import dev.tapscope.tap.Address;
import java.lang.invoke.MethodHandles.Lookup;

/**
 * How what one woven call passes is to be understood; a record for the reason {@link Reader} is.
 */
record Showing(Site site, Readers readers, Derivation derivation, Addresses addresses)
    implements Shown {
  /**
   * @param root static type of the value's root
   */
  static Showing of(Site site, Reader.Captures captures, Class<?> root, Lookup caller) {
    Readers readers = Readers.of(site, captures, root);
    ClassLoader model = caller.lookupClass().getClassLoader();
    Derivation derivation = Derivation.of(site, readers.value(), captures, model);
    return new Showing(site, readers, derivation, new Addresses(site.name()));
  }

  @Override
  public int layer(Object[] passed, Layers seen) throws Throwable {
    if (!readers.layer().present()) {
      return seen.latest();
    }
    int number = readers.layer().readInt(passed);
    // The layer named has begun, also where the value still belongs to the one before it.
    seen.enter(number);
    return previous() ? before(number) : number;
  }

  private boolean previous() {
    return site.layer().orElseThrow() instanceof Layer.Previous;
  }

  private static int before(int number) {
    return number > 0 ? number - 1 : NONE;
  }

  @Override
  public Address address(int number) {
    return addresses.of(number);
  }

  @Override
  public int first(Object[] passed, int otherwise) throws Throwable {
    return readers.position().present() ? readers.position().readInt(passed) : otherwise;
  }

  @Override
  public Object cache(Object[] passed) throws Throwable {
    return readers.cache().read(passed);
  }

  @Override
  public Rows rows(Object tensor, Object[] passed) throws Throwable {
    return derivation.rows(readers.value().readFrom(tensor, passed), passed);
  }
}
