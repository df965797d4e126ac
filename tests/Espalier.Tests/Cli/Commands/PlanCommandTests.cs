using System.CommandLine;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Cli.Commands;
using Espalier.Pipeline.Plans;
using Espalier.Planning.Sizes;
using Espalier.Tests.Training;
using Espalier.Text.Bitext;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Translation;

namespace Espalier.Tests.Cli.Commands;

public class PlanCommandTests
{
    [Fact]
    public async Task Run_OneCandidate_ReportsTheChoiceAndGoesOnWithTheSame()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        string[] args = ["plan", "--data", data, "--out", folder["plan"], "--time", "4s", "--candidates", "1", "--threads", "1"];
        (int code, string output, string error) = await Run([.. args, "--json"]);
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.True(report.GetProperty("trainingSeconds").GetDouble() > 0);
        Assert.Equal(1, report.GetProperty("plan").GetProperty("candidates").GetArrayLength());
        Assert.True(File.Exists(Path.Join(report.GetProperty("sizes")[0].GetProperty("runDirectory").GetString(), "run.json")));
        (code, output, _) = await Run(args);
        Assert.Equal(0, code);
        Assert.Contains("(layers × hidden): a held-out loss of", output, StringComparison.Ordinal);
        (code, _, error) = await Run(["plan", "--data", data, "--out", folder["plan"], "--time", "5s"]);
        Assert.Equal(1, code);
        Assert.Contains("holds a plan for another budget", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--out", "plan", "--data", "x", "--time", "3m")]
    [InlineData(2, "or pairs to translate", "plan", "--out", "y", "--time", "3m")]
    [InlineData(2, "--data cannot go with --train-source", "plan", "--data", "x", "--train-source", "a", "--out", "y", "--time", "3m")]
    [InlineData(2, "leave --tokenizer out", "plan", "--data", "x", "--tokenizer", "t", "--out", "y", "--time", "3m")]
    [InlineData(2, "is no time", "plan", "--data", "x", "--out", "y", "--time", "soon")]
    [InlineData(2, "is no size", "plan", "--data", "x", "--out", "y", "--time", "3m", "--max-size", "small")]
    [InlineData(1, "missing", "plan", "--data", "missing", "--out", "y", "--time", "3m")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        (int actual, string output, string error) = await Run(args);
        Assert.Equal((code, ""), (actual, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Learning_ByDefault_IsTheRecipesShortMlm()
    {
        var options = new PretrainOptions();
        var command = new Command("pretrain") { new RecipeOption("short-mlm") };
        foreach (Option option in options.All)
            command.Options.Add(option);
        var root = new RootCommand { command };
        ParseResult parsed = root.Parse(Recipe.Expand(root, ["pretrain", "--recipe", "short-mlm"]));
        Assert.Empty(parsed.Errors);
        PretrainingConfiguration recipe = options.Read(parsed, "data", new TrainingBudget { Steps = 1 });
        var learning = new PlanLearning();
        Assert.Equal(PlanLearning.Width, recipe.Model.Hidden);
        Assert.Equal(
            (recipe.Batches.BatchBlocks, recipe.Batches.BlockTokens, recipe.Batches.MaskRate, recipe.Training.Schedule.Peak),
            (learning.BatchBlocks, learning.BlockTokens, learning.MaskRate, learning.RateOf(recipe.Model.Hidden)));
        Assert.Equal(
            (recipe.Training.Schedule.WarmupFraction, recipe.Training.Schedule.Decay, recipe.Model.Dropout, recipe.Model.Initialization),
            (learning.WarmupFraction, LearningRateDecay.Linear, learning.Dropout, learning.Initialization));
    }

    [Fact]
    public void Learning_OfTranslation_IsTheRecipesShortTranslationButForTheWarmUp()
    {
        var options = new TranslationOptions();
        var command = new Command("train") { new RecipeOption("short-translation") };
        foreach (Option option in options.All)
            command.Options.Add(option);
        var root = new RootCommand { command };
        ParseResult parsed = root.Parse(Recipe.Expand(root, ["train", "--recipe", "short-translation"]));
        Assert.Empty(parsed.Errors);
        var plan = new TranslationPlan
        {
            Corpus = new ParallelCorpus { TrainSource = ["a"], TrainTarget = ["b"], DevelopmentSource = "c", DevelopmentTarget = "d" },
        };
        TranslationConfiguration recipe = options.Read(parsed, plan.Corpus, new TrainingBudget { Steps = 1 });
        var settings = new PlanSettings { Budget = TimeSpan.FromMinutes(20), Translation = plan };
        TranslationConfiguration own = plan.Learning.Of(new ModelSize(recipe.Model.Layers, recipe.Model.Hidden), settings, plan);
        Assert.Equal(recipe.Model, own.Model);
        Assert.Equal(
            (recipe.BatchTokens, recipe.MaximumTokens, recipe.Average, recipe.Training.Schedule with { WarmupFraction = plan.Learning.WarmupFraction }, recipe.Training.Optimizer, recipe.Training.ClipNorm),
            (own.BatchTokens, own.MaximumTokens, own.Average, own.Training.Schedule, own.Training.Optimizer, own.Training.ClipNorm));
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
