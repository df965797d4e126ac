using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Espalier.Compression;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Pipeline.Packages;
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
    public void Create_FromAPackage_BeginsWithTheWeightsThatItDecodesTo()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out _);
        new ModelQuantization(ModelSource.Find(folder["first"]), new QuantizationSettings { Bits = 4, Keep = ["*bias"] }).Write(folder["package"]);
        using (PretrainingRun run = Create(folder["second"], configuration with
        {
            From = folder["package"],
            Training = configuration.Training with { Schedule = new LearningRateSchedule { Peak = 1e-9 }, Budget = new TrainingBudget { Steps = 1 } },
        }))
        {
            run.Train();
        }

        ModelWeights begun = StoredModel.Load(folder["package"]).Weights, trained = StoredModel.Load(ModelSource.Find(folder["second"])).Weights;
        Assert.All(begun.Tensors, t => Assert.All(t.Values.Zip(trained[t.Name].Values), pair => Assert.Equal(pair.First, pair.Second, 1e-6f)));
    }

    [Fact]
    public void Resume_NothingSavedYet_BeginsWithThoseWeights_OrSaysWhatIsMissingAndChangesNothing()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out _);
        using (PretrainingRun run = Create(folder["whole"], configuration))
        {
            run.Train();
        }

        Create(folder["killed"], configuration).Dispose();
        using (PretrainingRun run = Resume(folder["killed"]))
        {
            run.Train();
        }

        Assert.Equal(Weights(folder["whole"]), Weights(folder["killed"]));
        Create(folder["third"], configuration).Dispose();
        string manifest = File.ReadAllText(Path.Join(folder["third"], RunDirectory.ManifestName));
        File.Copy(ModelOf(folder["whole"]), ModelOf(folder["first"]), overwrite: true);
        Assert.Contains("is not what the run was made with", Refused<RunMismatchException>());
        Directory.Delete(folder["first"], recursive: true);
        Assert.Contains("has saved nothing yet and needs the model that it begins from", Refused<RunException>());

        string Refused<T>() where T : RunException
        {
            string message = Assert.Throws<T>(() => PretrainingRun.Resume(
                folder["third"], (old, spent) => old.Extend(new TrainingBudget { Steps = 10 }, spent), new RunStorage(), _ => 1)).Message;
            Assert.Equal(manifest, File.ReadAllText(Path.Join(folder["third"], RunDirectory.ManifestName)));
            return message;
        }
    }

    [Fact]
    public void Resume_StoppedInItsFirstStep_NeedsThatModelNoMore()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out float[] source);
        using (PretrainingRun run = Create(folder["run"], configuration))
        {
            Assert.Equal(0, run.Train(cancel: new CancellationToken(canceled: true)).State.Step);
        }

        Directory.Delete(folder["first"], recursive: true);
        using PretrainingRun resumed = Resume(folder["run"]);
        Assert.Equal(0, resumed.Train(cancel: new CancellationToken(canceled: true)).State.Step);
        Assert.Equal(source, Weights(folder["run"]));
    }

    [Fact]
    public void Evaluate_ShorterSequencesThanTheModelHasPositions_MeasuresWhatTheRunDid()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = GoingOn(folder, out _);
        configuration = configuration with { Batches = configuration.Batches with { BlockTokens = 8 }, From = $"{folder["first"]}@0.5" };
        double? value;
        using (PretrainingRun run = Create(folder["run"], configuration))
        {
            Assert.Equal(16, run.Record.Configuration.Model.MaximumPositions);
            value = run.Train().Evaluation?.Value;
        }

        HeldOutMeasure measure = HeldOutMeasure.Of(
            Path.Join(folder["run"], RunDirectory.ModelName), configuration.Data, configuration.HeldOutBlocks, threads: 1, run: folder["run"])!;
        Assert.Equal(value!.Value, measure.Evaluation.Value, 1e-2);
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
        string config = Path.Join(folder["classifier"], ModelFolder.ConfigurationName), model = Path.Join(folder["first"], RunDirectory.ModelName);
        Assert.Contains("the model 10; they do not belong together", Changed("vocab_size", 10));
        Assert.Contains("config.json: describes no model that can be trained: Layers is 0", Changed("num_hidden_layers", 0));
        new CorpusPreparation(TestTokenizer.WithGap(), new CorpusPreparationOptions()).Run([folder["corpus.txt"]], folder["other"]);
        fault = Assert.Throws<RunMismatchException>(() => Create(folder["run"], configuration with { Data = folder["other"] }));
        Assert.Contains($"prepare it with espalier data prepare … --tokenizer {Path.Join(folder["first"], RunDirectory.ModelName)}", fault.Message);
        Assert.False(Directory.Exists(folder["run"]));

        string Changed(string key, int value)
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Join(model, ModelFolder.ConfigurationName)))!;
            json[key] = value;
            File.WriteAllText(config, json.ToJsonString());
            return Assert.ThrowsAny<RunException>(() => Create(folder["run"], configuration with { From = folder["classifier"] })).Message;
        }
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
