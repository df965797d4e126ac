using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Pretraining;

/// <summary>How a run is made.</summary>
public class PretrainingRunTests
{
    [Fact]
    public void Create_FolderCannotBeUsedOrItIsCancelled_MeasuresNothingAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), file = folder.Write("file", "");
        Assert.Throws<RunStorageException>(() => Create(Path.Join(file, "run"), default));
        Assert.Throws<OperationCanceledException>(() => Create(folder["run"], new CancellationToken(canceled: true)));
        Assert.False(Directory.Exists(folder["run"]));
        using RunPlace held = RunPlace.Claim(folder["run"], new RunStorage());
        Assert.Throws<RunLockedException>(() => Create(folder["run"], default));

        PretrainingRun Create(string path, CancellationToken cancel) => PretrainingRun.Create(
            path, SmallRun.Configuration(data), new RunStorage(), _ => throw new InvalidOperationException("measured"), cancel: cancel);
    }

    [Fact]
    public void Create_ManyFaults_ListsThemAllAndMakesNothing()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = SmallRun.Configuration(SmallRun.Corpus(folder), new TrainingBudget { Steps = 0 });
        string message = Assert.Throws<Espalier.Engine.Models.ConfigurationException>(() => PretrainingRun.Create(folder["run"], configuration with
        {
            Model = configuration.Model with { Layers = 0 },
            HeldOutBlocks = -1,
            Threads = 5000,
        })).Message;
        Assert.All(["Steps is 0", "Layers is 0", "-1 held-out", "5000 threads"], part => Assert.Contains(part, message));
        Assert.False(Directory.Exists(folder["run"]));
    }
}
