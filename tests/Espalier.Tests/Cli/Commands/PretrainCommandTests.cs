using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Cli.Commands;
using Espalier.Tests.Training;
using Espalier.Training;
using Espalier.Training.Runs;

namespace Espalier.Tests.Cli.Commands;

public class PretrainCommandTests
{
    [Fact]
    public async Task Run_ThenResumeWithMore_ReportsBoth()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), run = folder["run"];
        (int code, string output, string error) = await Run(
            "pretrain", "--data", data, "--out", run, "--layers", "1", "--hidden", "16", "--heads", "1", "--batch", "8",
            "--sequence-length", "16", "--micro-batch", "8", "--steps", "5", "--threads", "1", "--learning-rate", "1e-3", "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.Equal(("finished", 5), (report.GetProperty("end").GetString(), report.GetProperty("steps").GetInt32()));
        Assert.True(report.GetProperty("heldOutPerplexity").GetDouble() > 1);
        Assert.All(["trainingSeconds", "savingSeconds", "preparationSeconds"], name => Assert.True(report.GetProperty(name).GetDouble() > 0));
        Assert.False(report.TryGetProperty("message", out _));
        Assert.Contains("expected: 5 steps", error);
        Assert.True(File.Exists(Path.Join(run, "model", "config.json")));

        (code, output, error) = await Run("pretrain", "--resume", run, "--steps", "+3", "--json");
        Assert.True(code == 0, error);
        Assert.Equal(8, JsonDocument.Parse(output).RootElement.GetProperty("steps").GetInt32());
        File.WriteAllText(Path.Join(run, "checkpoints", "step-8", "optimizer.safetensors"), "cut short");
        (code, output, error) = await Run("pretrain", "--resume", run, "--steps", "+1", "--json");
        Assert.True(code == 0, error);
        Assert.Equal(9, JsonDocument.Parse(output).RootElement.GetProperty("steps").GetInt32());
        Assert.Single(error.Split('\n'), line => line.StartsWith("warning: ", StringComparison.Ordinal) && line.Contains("step-8 is damaged and passed over", StringComparison.Ordinal));
        (code, _, error) = await Run("pretrain", "--data", data, "--out", run, "--steps", "5");
        Assert.Equal(1, code);
        Assert.Contains("there is a run here already", error);
    }

    [Fact]
    public async Task Run_FromAnother_TakesItsSizeAndSaysWhatOfTheRecipeDoesNotHold()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), first = folder["first"], second = folder["second"];
        SmallRun.Train(first, data, new RunStorage());
        (int code, string output, string error) = await Run(
            "pretrain", "--recipe", "short-mlm", "--hidden", "100", "--from", first, "--data", data, "--out", second, "--steps", "1", "--threads", "1", "--json");
        Assert.True(code == 0, error);
        Assert.Contains($"warning: --hidden does not hold, be it given or a recipe's: the model in {first} is 2 layers × 16, with 16 positions", error);
        Assert.Equal(first, JsonDocument.Parse(output).RootElement.GetProperty("from").GetString());
        (code, output, error) = await Run("runs", folder.Path, "--json");
        Assert.True(code == 0, error);
        Assert.Contains($"\"from\": \"{first}\"", output);
    }

    [Fact]
    public void Report_PerplexityBeyondAllBounds_IsADocumentAllTheSame()
    {
        var report = new PretrainReport("run", TrainingEnd.Diverged, 1, 1, 1, default, double.PositiveInfinity, 2, null, "", 0, null)
        {
            TrainingSeconds = 1,
            EvaluationSeconds = 1,
            SavingSeconds = 1,
            PreparationSeconds = 1,
        };
        Assert.Contains("\"heldOutPerplexity\": \"Infinity\"", JsonSerializer.Serialize(report, CommandJson.Default.PretrainReport));
    }

    [Theory]
    [InlineData(2, "name a prepared corpus", "pretrain")]
    [InlineData(2, "leave --layers out", "pretrain", "--resume", "x", "--layers", "2")]
    [InlineData(2, "is no time", "pretrain", "--data", "x", "--out", "y", "--time", "half an hour")]
    [InlineData(2, "leave the plus out", "pretrain", "--data", "x", "--out", "y", "--time", "+30m")]
    [InlineData(2, "is no size", "pretrain", "--data", "x", "--out", "y", "--steps", "1", "--memory", "lots")]
    [InlineData(2, "did you mean --layers?", "pretrain", "--layer", "2")]
    [InlineData(2, "--recipe", "pretrain", "--recipe")]
    [InlineData(2, "--recipe", "pretrain", "--recipe", "paper-mlm", "--recipe", "paper-mlm")]
    [InlineData(2, "'10.9' is no whole number", "pretrain", "--data", "x", "--out", "y", "--steps", "10.9")]
    [InlineData(2, "--threads is 5000; expected 0 to 1024", "pretrain", "--data", "x", "--out", "y", "--steps", "1", "--threads", "5000")]
    [InlineData(2, "--threads is -1", "pretrain", "--data", "x", "--out", "y", "--steps", "1", "--threads=-1")]
    [InlineData(1, "there is no run here", "pretrain", "--resume", "missing")]
    [InlineData(1, "missing: there is no such folder; expected a folder that espalier data prepare made", "pretrain", "--data", "missing", "--out", "y", "--steps", "1")]
    [InlineData(2, "--hidden 100 is no multiple of --heads 3", "pretrain", "--data", "x", "--out", "y", "--steps", "1", "--hidden", "100", "--heads", "3")]
    [InlineData(2, "no budget is given; give a time, steps, tokens or epochs, such as --time 30m", "pretrain", "--data", "x", "--out", "y")]
    [InlineData(2, "--sequence-length is 1; expected 2 or more", "pretrain", "--data", "x", "--out", "y", "--steps", "1", "--sequence-length", "1")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        (int actual, string output, string error) = await Run(args);
        Assert.Equal((code, ""), (actual, output));
        Assert.Contains(message, error);
        Assert.DoesNotContain("   at ", error);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
