using System.Text.RegularExpressions;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;
using Espalier.Tests.Text;
using Espalier.Tests.Training.Finetuning;
using Espalier.Text.Corpora;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Jobs;

public class EncoderJobTests
{
    [Theory]
    [InlineData('\n', false)]
    [InlineData(' ', true)]
    public async Task Run_WithoutLabels_PackagesAPretrainedEncoderThatItsCardsCommandFinetunes(char between, bool oneLine)
    {
        using var folder = new TemporaryFolder();
        string package = Path.Join(folder["job"], "package"), set = SmallFinetuning.Data(folder);
        using Job job = Job.Create(folder["job"], Unlabelled(folder, between));
        RunReport report = job.Run(finish: true);
        Assert.Equal(PhaseState.Skipped, report.Phases![(int)JobPhase.Finetune].State);
        Assert.Null(report.Outcome!.Labels);
        Assert.NotNull(report.Outcome.HeldOutLoss);
        Assert.Equal(oneLine, report.Notes!.Any(n => n.Contains("the end of the text is held out instead", StringComparison.Ordinal)));
        Assert.Equal(ModelHead.MaskedLanguageModel, ModelFolder.ReadHead(package));

        string card = File.ReadAllText(Path.Join(package, ModelCard.FileName));
        string[] command = [.. Regex.Match(card, "^espalier (finetune .*)$", RegexOptions.Multiline).Groups[1].Value.Split(' ').Select(word => word switch
        {
            "." => package,
            "train.tsv" or "dev.tsv" => Path.Join(set, word),
            "run" => folder["run"],
            _ => word,
        })];
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, Stream.Null, error)).RunAsync(
            [.. command, "--epochs", "1", "--micro-batch", "8", "--threads", "1"]);
        Assert.True(code == 0, error.ToString());
        Assert.Equal(["fruit", "leaf"], ModelFolder.ReadHead(ModelSource.Find(folder["run"])).Labels);
    }

    [Fact]
    public void Run_OnPreparedTextOfWhichNothingIsHeldOut_PackagesTheEncoderAndSaysThatItIsNotMeasured()
    {
        using var folder = new TemporaryFolder();
        JobSettings settings = Unlabelled(folder, '\n');
        using Job job = Job.Create(folder["job"], settings);
        Directory.CreateDirectory(folder["job/tokenizer"]);
        TestTokenizer.Instance.Save(folder["job/tokenizer/tokenizer.json"]);
        new CorpusPreparation(TestTokenizer.Instance, new CorpusPreparationOptions { HeldOutFraction = 0 }).Run(settings.Corpus, folder["job/data"]);
        RunReport report = job.Run(finish: true);
        Assert.Null(report.Outcome!.HeldOutLoss);
        Assert.Contains(report.Notes!, n => n.StartsWith("Nothing of the text is held out", StringComparison.Ordinal));
        Assert.Equal(Path.Join("grid", "encoder-b8"), job.Record.Chosen);
    }

    [Fact]
    public void Run_WithoutLabelsAndTime_MakesTheMostPreciseEncoderThatFits_AndAnotherOnceItIsTrainedFurther()
    {
        using var folder = new TemporaryFolder();
        string record;
        using (Job job = Job.Create(folder["job"], Unlabelled(folder, '\n') with { Limits = new DeploymentLimits(MaxBytes: 400_000) }))
        {
            RunReport report = job.Run(finish: true);
            Assert.Empty(report.Outcome!.Missed!);
            Assert.InRange(report.Outcome.Bytes, 300_000, 400_000);
            record = Path.Join(folder["job"], job.Record.Chosen, "encoder.json");
        }

        string first = File.ReadAllText(record);
        JobRecord ended = JobRecord.Read(folder["job"]);
        (ended with
        {
            Phases = [.. ended.Phases.Select((p, i) => i == (int)JobPhase.Pretrain ? p with { State = PhaseState.Failed } : p)],
        }).Write(folder["job"]);
        using (Job job = Job.Resume(folder["job"]))
        {
            job.Run(finish: true);
            string source = ModelSource.Fingerprint(ModelSource.Find(Path.Join(folder["job"], job.Record.Pretrained)));
            Assert.DoesNotContain(source, first, StringComparison.Ordinal);
            Assert.Contains(source, File.ReadAllText(record), StringComparison.Ordinal);
        }
    }

    private static JobSettings Unlabelled(TemporaryFolder folder, char between) => new()
    {
        Corpus = [folder.Write("text.txt", string.Join(between, Enumerable.Range(0, 400).Select(i => $"the tree{i % 7} bears espalier{i % 11} növekszik {i}")))],
        Budget = JobSettings.LeastBudget,
        Vocabulary = 300,
        MaximumTokens = 32,
        Threads = 1,
    };
}
