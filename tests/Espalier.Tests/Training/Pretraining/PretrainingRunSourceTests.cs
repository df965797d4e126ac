using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Tests.Text;
using Espalier.Text.Corpora;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Pretraining;

/// <summary>A run that goes on from another's model, on other text.</summary>
public class PretrainingRunSourceTests
{
    [Fact]
    public void Create_From_BeginsWithTheWeightsAndTheSizeOfThatModel()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out float[] source);

        // One step, too small to be seen.
        using (PretrainingRun run = Create(folder["second"], configuration with
        {
            Model = configuration.Model with { Layers = 5, Dropout = 0.3f },
            Batches = configuration.Batches with { BlockTokens = 64 },
            Training = configuration.Training with { Schedule = new LearningRateSchedule { Peak = 1e-9 }, Budget = new TrainingBudget { Steps = 1 } },
        }))
        {
            Assert.Equal(2, run.Record.Configuration.Model.Layers);
            Assert.Equal(0.3f, run.Record.Configuration.Model.Dropout);
            Assert.Equal(16, run.Record.Configuration.Batches.BlockTokens);
            Assert.Equal(Path.GetFullPath(folder["first"]), run.Record.Configuration.From);
            run.Train();
        }

        Assert.All(Weights(folder["second"]).Zip(source), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    [Fact]
    public void Resume_KilledBeforeTheFirstCheckpoint_StillBeginsWithThoseWeights_AndAsksForThemNoMoreAfterwards()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out _);
        Create(folder["killed"], configuration).Dispose();
        using (PretrainingRun run = Create(folder["whole"], configuration))
        {
            run.Train();
        }

        using (PretrainingRun run = Resume(folder["killed"]))
        {
            run.Train();
        }

        Assert.Equal(Weights(folder["whole"]), Weights(folder["killed"]));
        Create(folder["third"], configuration).Dispose();
        File.Copy(ModelOf(folder["whole"]), ModelOf(folder["first"]), overwrite: true);
        Assert.Contains("is not what the run was made with", Assert.Throws<RunMismatchException>(() => Resume(folder["third"])).Message);
        Directory.Delete(folder["first"], recursive: true);
        Resume(folder["killed"]).Dispose();
    }

    [Fact]
    public void Create_FromAClassifierOrWithAnotherTokenizer_SaysWhatToDoAndMakesNothing()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out _);
        Directory.CreateDirectory(folder["classifier"]);
        using (var device = new CpuDevice(1))
        using (var parameters = new ParameterSet(device))
        {
            EncoderConfiguration encoder = ModelFolder.ReadConfiguration(Path.Join(folder["first"], RunDirectory.ModelName));
            _ = new SequenceClassifier(parameters, encoder, 2);
            parameters.Allocate(1);
            ModelFolder.Write(folder["classifier"], parameters, encoder, TestTokenizer.Instance, ModelHead.Classifier(["bad", "good"]));
        }

        RunException fault = Assert.Throws<RunException>(() => Create(folder["run"], configuration with { From = folder["classifier"] }));
        Assert.Contains("is a classifier", fault.Message);
        new CorpusPreparation(TestTokenizer.WithGap(), new CorpusPreparationOptions()).Run([folder["corpus.txt"]], folder["other"]);
        fault = Assert.Throws<RunMismatchException>(() => Create(folder["run"], configuration with { Data = folder["other"] }));
        Assert.Contains($"prepare it with espalier data prepare … --tokenizer {Path.Join(folder["first"], RunDirectory.ModelName)}", fault.Message);
        Assert.False(Directory.Exists(folder["run"]));
    }

    // A model in "first", and what goes on from it on a part of its text.
    private static PretrainingConfiguration GoingOn(TemporaryFolder folder, out float[] source)
    {
        string data = SmallRun.Corpus(folder), part = folder["part"];
        SmallRun.Train(folder["first"], data, new RunStorage());
        source = Weights(folder["first"]);
        string text = folder.Write("part.txt", string.Join('\n', TestTokenizer.Lines.Skip(120)));
        new CorpusPreparation(TestTokenizer.Instance, new CorpusPreparationOptions { HeldOutFraction = 0.2 }).Run([text], part);
        return SmallRun.Configuration(part) with { From = folder["first"] };
    }

    private static PretrainingRun Create(string path, PretrainingConfiguration configuration)
        => PretrainingRun.Create(path, configuration, new RunStorage(), _ => 1);

    private static PretrainingRun Resume(string path) => PretrainingRun.Resume(path, null, new RunStorage(), _ => 1);

    private static string ModelOf(string run) => Path.Join(run, RunDirectory.ModelName, ModelFolder.WeightsName);

    private static float[] Weights(string run)
    {
        using SafetensorsFile file = SafetensorsFile.Open(ModelOf(run));
        return [.. file.Tensors.Keys.Order(StringComparer.Ordinal).SelectMany(name => MemoryMarshal.Cast<byte, float>(file.GetBytes(name)).ToArray())];
    }
}
