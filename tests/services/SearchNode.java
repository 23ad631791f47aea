import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.ENGINE.common.settings.Settings;
import org.ENGINE.node.InternalSettingsPreparer;
import org.ENGINE.node.Node;

/** One node with HTTP, configured by the folder that is its argument. The script fills in ENGINE and PLUGIN. */
public class SearchNode extends Node {
  private SearchNode(Settings settings, Path folder) {
    super(
        InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), folder, () -> "steamflow"),
        List.of(PLUGIN),
        false);
  }

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    SearchNode node = new SearchNode(Settings.builder().put("path.home", folder).build(), folder);
    Runtime.getRuntime().addShutdownHook(new Thread(node::stopQuietly));
    node.start();
    Thread.currentThread().join(); // until a signal comes
  }

  private void stopQuietly() {
    try {
      close();
    } catch (IOException error) {
      error.printStackTrace();
    }
  }
}
