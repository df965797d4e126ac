using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Tests.Training;
using Espalier.Tests.Training.Finetuning;

namespace Espalier.Tests.Cli.Commands;

public class FinetuneCommandTests
{
    [Fact]
    public async Task Run_ThenEvaluateAndList_TellTheSame()
    {
        using var folder = new TemporaryFolder();
        string data = SmallFinetuning.Data(folder), run = folder["runs/one"];
        string recipe = folder.Write("recipe.yaml", "layers: 1\nhidden: 16\nlearning-rate: [1e-2]\nseed: [1, 2]\nbatch: 999  # overridden\nmicro-batch: 4\nthreads: 1\n");
        JsonElement report = await Json(
            "finetune", "--recipe", recipe, "--train", data, "--tokenizer", folder["tokenizer.json"], "--out", run, "--batch", "8",
            "--epochs", "2", "--json");
        Assert.Equal((2, 2), (report.GetProperty("trialsEnded").GetInt32(), report.GetProperty("settings")[0].GetProperty("trials").GetInt32()));
        JsonElement configuration = JsonDocument.Parse(File.ReadAllBytes(Path.Join(run, "run.json"))).RootElement
            .GetProperty("configuration").GetProperty("configuration");
        Assert.Equal(8, configuration.GetProperty("grid").GetProperty("batches")[0].GetInt32());

        double accuracy = report.GetProperty("development").GetProperty("accuracy").GetDouble();
        JsonElement evaluated = await Json("evaluate", run, "--data", Path.Join(data, "dev.tsv"), "--json");
        Assert.Equal(accuracy, evaluated.GetProperty("classification").GetProperty("accuracy").GetDouble());
        Assert.False(evaluated.TryGetProperty("languageModel", out _));
        Directory.CreateDirectory(folder["runs/none"]);
        JsonElement all = await Json("runs", folder["runs"], "--json");
        Assert.Equal((0, 1), (all.GetProperty("others").GetArrayLength(), all.GetProperty("noRuns").GetInt32()));
        JsonElement listed = all.GetProperty("runs")[0];
        Assert.Equal(report.GetProperty("trainingSeconds").GetDouble(), listed.GetProperty("trainingSeconds").GetDouble());
        Assert.Equal(("finetuning", accuracy), (listed.GetProperty("kind").GetString(), listed.GetProperty("value").GetDouble()));

        (int code, string text, string error) = await Run("finetune", "--resume", run);
        Assert.True(code == 0, error);
        Assert.Contains("±", text);
    }

    [Fact]
    public async Task Evaluate_RunOfShortExamples_CutsThemAsItsTrainingDid()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), set = SmallFinetuning.Data(folder), run = folder["run"];
        await Json(
            "pretrain", "--data", data, "--out", folder["pretrained"], "--layers", "1", "--hidden", "16", "--batch", "8", "--sequence-length", "32",
            "--micro-batch", "8", "--steps", "3", "--threads", "1", "--json");
        JsonElement report = await Json(
            "finetune", "--train", set, "--from", folder["pretrained"], "--out", run, "--sequence-length", "8", "--learning-rate", "1e-2", "--batch", "8",
            "--epochs", "1", "--micro-batch", "8", "--threads", "1", "--json");
        double loss = report.GetProperty("development").GetProperty("loss").GetDouble();
        Assert.Equal(loss, await Loss(), 1e-9);
        Assert.NotEqual(loss, await Loss("--sequence-length", "32"), 1e-9);

        async Task<double> Loss(params string[] more) => (await Json(["evaluate", run, "--data", Path.Join(set, "dev.tsv"), "--threads", "1", "--json", .. more]))
            .GetProperty("classification").GetProperty("loss").GetDouble();
    }

    [Fact]
    public async Task Evaluate_PretrainedRun_GivesThePerplexityOfItsTraining()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), run = folder["run"];
        JsonElement trained = await Json(
            "pretrain", "--data-fraction", "0.4", "--data", data, "--out", run, "--layers", "1", "--hidden", "16", "--batch", "8", "--sequence-length", "16",
            "--micro-batch", "8", "--steps", "3", "--checkpoint-at", "0.3", "--threads", "1", "--json");
        JsonElement measured = (await Json("evaluate", run, "--data", data, "--threads", "1", "--json")).GetProperty("languageModel");
        Assert.Equal(trained.GetProperty("heldOutPerplexity").GetDouble(), measured.GetProperty("perplexity").GetDouble(), 1e-3);
        Assert.Equal(trained.GetProperty("unigramPerplexity").GetDouble(), measured.GetProperty("unigramPerplexity").GetDouble(), 1e-9);
        string source = JsonDocument.Parse(File.ReadAllBytes(Path.Join(run, "run.json"))).RootElement
            .GetProperty("configuration").GetProperty("configuration").GetProperty("learningRateSource").GetString()!;
        Assert.Contains("begins at batch 256", source);
        JsonElement early = (await Json("evaluate", $"{run}@0.3", "--data", data, "--threads", "1", "--json")).GetProperty("languageModel");
        Assert.NotEqual(measured.GetProperty("perplexity").GetDouble(), early.GetProperty("perplexity").GetDouble());
    }

    [Fact]
    public async Task Run_EveryTrialDiverges_SaysSoAndFails()
    {
        using var folder = new TemporaryFolder();
        string data = SmallFinetuning.Data(folder);
        (int code, string output, string error) = await Run(
            "finetune", "--train", data, "--tokenizer", folder["tokenizer.json"], "--out", folder["run"], "--layers", "1", "--hidden", "16",
            "--learning-rate", "1e30", "2e30", "--batch", "8", "--epochs", "1", "--micro-batch", "8", "--threads", "1", "--warm-up", "0", "--json");
        Assert.Equal(1, code);
        Assert.Contains("every trial diverged", error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(("diverged", 2), (report.GetProperty("end").GetString(), report.GetProperty("trialsDiverged").GetInt32()));
    }

    [Fact]
    public async Task Evaluate_OptionOfTheOtherKindOfModel_IsRefused()
    {
        using var folder = new TemporaryFolder();
        string data = SmallFinetuning.Data(folder);
        await Json(
            "finetune", "--train", data, "--tokenizer", folder["tokenizer.json"], "--out", folder["run"], "--layers", "1", "--hidden", "16",
            "--epochs", "1", "--micro-batch", "8", "--threads", "1", "--json");
        (int code, _, string error) = await Run("evaluate", folder["run"], "--data", Path.Join(data, "dev.tsv"), "--held-out-blocks", "5");
        Assert.Equal(2, code);
        Assert.Contains("is a classifier, for which --held-out-blocks means nothing", error);
    }

    [Theory]
    [InlineData(2, "name a training set", "finetune")]
    [InlineData(2, "or for a new model a tokenizer", "finetune", "--train", "x", "--out", "y")]
    [InlineData(2, "leave --tokenizer, --layers out", "finetune", "--train", "x", "--out", "y", "--from", "z", "--layers", "2", "--tokenizer", "t")]
    [InlineData(2, "leave --batch, --epochs out", "finetune", "--resume", "x", "--batch", "2", "--epochs", "3")]
    [InlineData(2, "unknown option --patiense; did you mean --patience?", "finetune", "--seed", "1", "2", "--patiense", "3")]
    [InlineData(1, "is no model: there is no such folder", "finetune", "--train", "x", "--out", "y", "--from", "missing")]
    [InlineData(1, "there is no run here", "finetune", "--resume", "missing")]
    [InlineData(1, "is no model", "evaluate", "missing", "--data", "x")]
    [InlineData(1, "there is no such folder", "runs", "missing")]
    [InlineData(2, "missing.yaml: there is no such recipe; name a YAML file, or one of paper-sst2", "finetune", "--recipe", "missing.yaml")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        (int actual, string output, string error) = await Run(args);
        Assert.Equal((code, ""), (actual, output));
        Assert.Contains(message, error);
        Assert.DoesNotContain("   at ", error);
    }

    private static async Task<JsonElement> Json(params string[] args)
    {
        (int code, string output, string error) = await Run(args);
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
