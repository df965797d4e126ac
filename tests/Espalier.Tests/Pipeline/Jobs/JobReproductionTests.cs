using Espalier.Compression.Choice;
using Espalier.Pipeline.Jobs;
using Espalier.Text.Bitext;
using Espalier.Text.Labelled;

namespace Espalier.Tests.Pipeline.Jobs;

public class JobReproductionTests
{
    [Fact]
    public void Command_EverySettingThatIsNotTheDefault_StandsInItQuotedForAShell()
    {
        Assert.Equal("espalier run --time 300s", JobReproduction.Command(new JobSettings { Sample = true, Budget = TimeSpan.FromMinutes(5) }));
        Assert.Equal(
            "espalier run --corpus '/data/my books.txt' /data/b.gz --train /data/t.csv --test '/data/it'\\''s.csv' --format Csv --no-header --text-column 2 --text-column 3"
            + " --label-column=-1 --time 90.5s --max-size 1000000B --max-latency 2.5ms --max-drop 0.5% --vocabulary 512 --sequence-length 64 --memory 1000B --seed 7 --threads 2 --license 'my own'",
            JobReproduction.Command(new JobSettings
            {
                Corpus = ["/data/my books.txt", "/data/b.gz"],
                Train = "/data/t.csv",
                Test = "/data/it's.csv",
                Columns = new LabelledSetOptions { Format = TableFormat.Csv, HasHeader = false, TextColumns = ["2", "3"], LabelColumn = "-1" },
                Budget = TimeSpan.FromSeconds(90.5),
                Limits = new DeploymentLimits(1_000_000, TimeSpan.FromMilliseconds(2.5), 0.005),
                Vocabulary = 512,
                MaximumTokens = 64,
                MemoryBytes = 1000,
                Seed = 7,
                Threads = 2,
                License = "my own",
            }));
        Assert.Equal(
            "espalier run --train-source a.en b.en --train-target a.fr b.fr --dev-source d.en --dev-target d.fr --test-source t.en --test-target t.fr --time 60s",
            JobReproduction.Command(new JobSettings
            {
                Translation = new ParallelCorpus
                {
                    TrainSource = ["a.en", "b.en"],
                    TrainTarget = ["a.fr", "b.fr"],
                    DevelopmentSource = "d.en",
                    DevelopmentTarget = "d.fr",
                    TestSource = "t.en",
                    TestTarget = "t.fr",
                },
                Budget = TimeSpan.FromMinutes(1),
            }));
    }
}
