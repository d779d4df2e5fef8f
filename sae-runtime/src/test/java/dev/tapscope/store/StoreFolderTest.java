package dev.tapscope.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tapscope.tap.TapscopeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class StoreFolderTest {
  private static final Asked ASKED = Stores.asked(7, "f32");

  @TempDir private Path folder;

  /** Every file's bytes, but for what is nobody's content. */
  private static Map<String, String> files(Path store) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.list(store)) {
      for (Path file : all.filter(f -> !f.endsWith(".lock")).toList()) {
        files.put(
            file.getFileName().toString(), HexFormat.of().formatHex(Files.readAllBytes(file)));
      }
    }
    return files;
  }

  private Map<String, String> undisturbed() throws IOException {
    Stores.of(folder.resolve("undisturbed"), 7, "f32");
    return files(folder.resolve("undisturbed"));
  }

  private StoreFolder open(Asked asked, Share share) {
    return StoreFolder.open(folder.resolve("store"), asked, share);
  }

  @Test
  void goesOnWhereItWasKilledAndBecomesTheSame() throws IOException {
    Path path = folder.resolve("store");
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      assertEquals(List.of(0, 1, 2, 3), store.missing());
      store.found(Stores.FOUND);
      store.add(Stores.run(store.work(), 0, 2, "f32"));
    }
    // Killed between the renaming of a piece and its naming, and in the middle of two writes.
    Files.writeString(path.resolve("piece-00001.safetensors"), "not named by the manifest");
    Files.writeString(path.resolve("piece-00002.safetensors.tmp"), "half");
    Files.writeString(path.resolve("store.json.tmp"), "{");
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      assertEquals(List.of(1, 2, 3), store.missing());
      assertEquals(List.of(), store.notes());
      try (Stream<Path> left = Files.list(path)) {
        assertEquals(0, left.filter(f -> f.getFileName().toString().contains("work")).count());
      }
      Stores.fill(store, ASKED);
    }
    Files.delete(path.resolve("piece-00003.safetensors"));
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      assertEquals(List.of(3), store.missing());
      assertTrue(store.notes().getFirst().contains("piece-00003"), store.notes()::toString);
      Stores.fill(store, ASKED);
    }
    open(ASKED, Share.WHOLE).close(); // takes the runs' folders away
    assertEquals(undisturbed(), files(path));
  }

  @Test
  void aStoreOfSomethingElseIsLeftAlone() throws IOException {
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      store.found(Stores.FOUND);
      store.add(Stores.run(store.work(), 0, 2, "f32"));
      Found otherJava =
          new Found(
              "1.0",
              "26",
              Stores.FOUND.profile(),
              Stores.FOUND.code(),
              Stores.FOUND.sites(),
              Stores.FOUND.leftOut());
      String sentence = refused("store-other", () -> store.found(otherJava));
      assertTrue(sentence.contains("java is 25 there and 26 here"), sentence);
    }
    String dtype = refused("store-other", () -> open(Stores.asked(7, "bf16"), Share.WHOLE).close());
    assertTrue(dtype.contains("dtype is f32 there and bf16 here"), dtype);
    String corpus = refused("store-other", () -> open(Stores.asked(8, "f32"), Share.WHOLE).close());
    assertTrue(corpus.contains("corpus is"), corpus);
    String share = refused("store-other", () -> open(ASKED, new Share(1, 2)).close());
    assertTrue(share.contains("share is 1/1 there and 1/2 here"), share);
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      assertEquals(1, store.pieces().size(), "what was there is still there");
    }
  }

  @Test
  void takesNoFolderThatIsNotItsOwn() throws IOException {
    Files.createDirectories(folder.resolve("store"));
    Files.writeString(folder.resolve("store/thesis.txt"), "years of work");
    String foreign = refused("store-foreign", () -> open(ASKED, Share.WHOLE).close());
    assertTrue(foreign.contains("thesis.txt"), foreign);
    Files.writeString(folder.resolve("file"), "x");
    refused(
        "store-unwritable",
        () -> StoreFolder.open(folder.resolve("file"), ASKED, Share.WHOLE).close());
    refused(
        "store-unwritable",
        () -> StoreFolder.open(folder.resolve("file/below"), ASKED, Share.WHOLE).close());
  }

  @Test
  void oneHarvestAtATime() {
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      assertFalse(store.missing().isEmpty());
      refused("store-busy", () -> open(ASKED, Share.WHOLE).close());
    }
    open(ASKED, Share.WHOLE).close();
  }

  @Test
  void anUnfinishedStoreIsNotTrainedOn() {
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      store.found(Stores.FOUND);
    }
    String sentence =
        refused("store-incomplete", () -> ActivationStore.open(folder.resolve("store")));
    assertTrue(sentence.contains("lacks 4 of 4 pieces"), sentence);
    refused("store-missing", () -> ActivationStore.open(folder));
  }

  @Test
  void sharesMergeToTheSameStore() throws IOException {
    for (int i = 1; i <= 3; i++) {
      Stores.fill(folder.resolve("share" + i), ASKED, new Share(i, 3));
    }
    List<Path> all = Stream.of("share2", "share3", "share1").map(folder::resolve).toList();
    Path merged = folder.resolve("merged");
    String two = refused("merge-missing", () -> StoreMerge.merge(all.subList(0, 2), merged));
    assertTrue(two.contains("2 of 3 shares"), two);
    Stores.fill(folder.resolve("twice"), ASKED, new Share(2, 3));
    refused(
        "merge-other",
        () -> StoreMerge.merge(List.of(all.get(0), folder.resolve("twice")), merged));
    Map<String, String> whole = undisturbed();
    refused(
        "merge-other",
        () -> StoreMerge.merge(List.of(all.get(0), folder.resolve("undisturbed")), merged));
    assertEquals(4, StoreMerge.merge(all, merged));
    assertEquals(whole, files(merged));
    refused("store-foreign", () -> StoreMerge.merge(all, merged));

    Path piece = folder.resolve("share2/piece-00001.safetensors");
    damage(piece);
    refused("store-corrupt", () -> StoreMerge.merge(all, folder.resolve("again")));
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(
          List.of("merged", "share1", "share2", "share3", "twice", "undisturbed"),
          left.map(f -> f.getFileName().toString()).sorted().toList());
    }
  }

  private static void damage(Path piece) throws IOException {
    byte[] bytes = Files.readAllBytes(piece);
    bytes[bytes.length - 1] ^= 1;
    Files.write(piece, bytes);
  }

  @Test
  void verifyFindsWhatDiffers() throws IOException {
    undisturbed();
    Path store = folder.resolve("undisturbed");
    assertEquals(new StoreCheck(4, 21, List.of()), StoreCheck.of(store));
    damage(store.resolve("piece-00000.safetensors"));
    Files.delete(store.resolve("piece-00001.safetensors"));
    Files.writeString(store.resolve("piece-00002.safetensors"), "short");
    Files.writeString(store.resolve("piece-00009.safetensors"), "");
    List<String> found = StoreCheck.of(store).differences();
    assertEquals(4, found.size(), found::toString);
    assertTrue(found.get(0).contains("piece-00000.safetensors has another SHA-256"));
    assertTrue(found.get(1).contains("piece-00001.safetensors is missing"));
    assertTrue(found.get(2).contains("piece-00002.safetensors has 5 bytes"));
    assertTrue(found.get(3).contains("piece-00009.safetensors is not in the manifest"));
  }

  /** A manifest that says that 12 is left out, over pieces that have it. */
  @Test
  void verifyFindsRowsThatShouldNotBeThere() throws IOException {
    undisturbed();
    Path manifest = folder.resolve("undisturbed").resolve("store.json");
    String text = Files.readString(manifest);
    Files.writeString(manifest, text.replace("\"eos\" : [ 1 ]", "\"eos\" : [ 12 ]"));
    List<String> found = StoreCheck.of(folder.resolve("undisturbed")).differences();
    assertEquals(4, found.size(), found::toString);
    assertTrue(found.getFirst().contains("is of token 12"), found::toString);
  }

  @Test
  void aDamagedManifestIsNamed() throws IOException {
    undisturbed();
    Path store = folder.resolve("undisturbed");
    Path manifest = store.resolve("store.json");
    String text = Files.readString(manifest);
    for (String bad :
        List.of(
            "{",
            text.replace("\"pieces\"", "\"peaces\""),
            text.replace("\"documents_per_piece\" : 2", "\"documents_per_piece\" : 0"),
            text.replace("piece-00001.safetensors", "../piece-00001.safetensors"),
            text.replace("\"piece\" : 1", "\"piece\" : 0"),
            text.replace("\"piece\" : 3", "\"piece\" : 2000000000"))) {
      Files.writeString(manifest, bad);
      refused("store-corrupt", () -> ActivationStore.open(store));
    }
    Files.writeString(manifest, text.replace("tapscope-store/1", "tapscope-store/9"));
    refused("store-format", () -> ActivationStore.open(store));
    Files.writeString(manifest, text.replace("\"rows\" : 6", "\"rows\" : 5"));
    refused("store-corrupt", () -> ActivationStore.open(store));
  }

  @Test
  void refusesRunsThatHaveNotOneRowAPosition() throws IOException {
    try (StoreFolder store = open(ASKED, Share.WHOLE)) {
      store.found(Stores.FOUND);
      PieceRun mixed = Stores.run(store.work(), 0, 2, "f32");
      Files.move(
          mixed.folder().resolve("activations-00000.safetensors"),
          mixed.folder().resolve("activations-00002.safetensors"));
      refused("documents-mixed", () -> store.add(mixed));
      PieceRun rounded = Stores.run(store.work(), 0, 2, "bf16");
      refused("site-width", () -> store.add(rounded));
      assertEquals(List.of(0, 1, 2, 3), store.missing());
    }
  }

  private static String refused(String id, Executable action) {
    TapscopeException e = assertThrows(TapscopeException.class, action);
    assertEquals(id, e.id(), e.getMessage());
    return e.getMessage();
  }
}
