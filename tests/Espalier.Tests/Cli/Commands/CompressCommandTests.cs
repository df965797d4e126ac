using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Compression;
using Espalier.Engine.Models;
using Espalier.Pipeline.Packages;
using Espalier.Tests.Pipeline.Grids;
using Espalier.Training.Translation;

namespace Espalier.Tests.Cli.Commands;

[Collection(TrainedTranslationCollection.Name)]
public class CompressCommandTests(TrainedTranslation trained)
{
    [Fact]
    public async Task Compress_Limits_GiveTheModelThatFitsOrTheNearestAndWhatWouldHaveToGive()
    {
        using var folder = new TemporaryFolder();
        string run = SmallGrid.Finetune(folder), grid = folder["grid"];
        (int code, string text, string error) = await Run(
            "compress", run, "--out", grid, "--sparsity", "0", "0.9", "--bits", "32", "8", "2", "--step", "0.9", "--recovery-epochs", "0.5", "--threads", "1",
            "--max-drop", "100%", "--json");
        Assert.True(code == 0, error);
        JsonElement report = JsonDocument.Parse(text).RootElement, cells = report.GetProperty("table").GetProperty("cells");
        Assert.Equal(6, cells.GetArrayLength());
        long smallest = cells.EnumerateArray().Min(c => c.GetProperty("measures").GetProperty("bytes").GetInt64());
        Assert.True(report.GetProperty("choice").GetProperty("fits").GetBoolean());
        Assert.All(cells.EnumerateArray(), c => Assert.False(c.TryGetProperty("singleQuality", out JsonElement single) && single.ValueKind != JsonValueKind.Null));

        // The grid is listed beside the run that it was made from.
        (code, text, error) = await Run("runs", folder[""], "--json");
        Assert.True(code == 0, error);
        JsonElement listed = JsonDocument.Parse(text).RootElement;
        Assert.Equal("finished", Assert.Single(listed.GetProperty("grids").EnumerateArray()).GetProperty("phase").GetString());
        Assert.Equal(smallest, listed.GetProperty("grids")[0].GetProperty("smallestBytes").GetInt64());
        Assert.NotEqual(0, listed.GetProperty("runs").GetArrayLength());

        // What is chosen is a model that can be evaluated, with the accuracy that the table has.
        double accuracy = report.GetProperty("choice").GetProperty("quality").GetDouble();
        (code, text, error) = await Run("evaluate", grid, "--data", folder["set/dev.tsv"], "--json");
        Assert.True(code == 0, error);
        Assert.Equal(accuracy, JsonDocument.Parse(text).RootElement.GetProperty("classification").GetProperty("accuracy").GetDouble());

        (code, text, error) = await Run("compress", "--resume", grid, "--max-size", "100B");
        Assert.Equal(1, code);
        Assert.Contains("raise --max-size by", error, StringComparison.Ordinal);
        Assert.Contains($"{smallest:N0} bytes →", text, StringComparison.Ordinal);
        (code, _, error) = await Run("compress", "--resume", grid, "--max-size", $"{smallest}B", "--frontier", "NonZero", "Bytes");
        Assert.True(code == 0, error);
        Assert.Equal(smallest, Chosen());

        // What is resumed in the words that it prints keeps to what was asked for, and says so.
        (code, text, error) = await Run("compress", "--resume", grid, "--max-latency", "1h", "--json");
        Assert.True(code == 0, error);
        Assert.Contains($"chosen within --max-size {smallest}B --max-latency 3600000ms --max-drop 100%", error, StringComparison.Ordinal);
        Assert.Equal(smallest, Chosen());
        Assert.Equal(smallest, JsonDocument.Parse(text).RootElement.GetProperty("choice").GetProperty("bytes").GetInt64());
        string[] frontier = [.. JsonDocument.Parse(text).RootElement.GetProperty("table").GetProperty("frontier").EnumerateArray().Select(e => e.GetString()!)];
        (_, text, _) = await Run("compress", "--resume", grid, "--frontier", "Quality", "Bytes", "--json");
        Assert.NotEqual(frontier, JsonDocument.Parse(text).RootElement.GetProperty("table").GetProperty("frontier").EnumerateArray().Select(e => e.GetString()!));
        (code, _, error) = await Run("prune", "--resume", grid);
        Assert.Equal(2, code);
        Assert.Contains($"espalier compress --resume {grid}", error, StringComparison.Ordinal);
        Assert.Equal(smallest, Chosen());

        long Chosen() => Directory.EnumerateFiles(Path.Join(grid, "model")).Sum(f => new FileInfo(f).Length);
    }

    [Fact]
    public async Task Quantize_ToASize_FitsAndAPrunedPackageStaysPruned()
    {
        using var folder = new TemporaryFolder();
        string run = SmallGrid.Finetune(folder);
        long before = Directory.EnumerateFiles(Path.Join(run, "model")).Sum(f => new FileInfo(f).Length);
        (int code, string text, string error) = await Run(
            "quantize", run, "--out", folder["mixed"], "--max-size", $"{(int)(0.75 * before)}B", "--data", folder["set/dev.tsv"], "--json");
        Assert.True(code == 0, error);
        Assert.InRange(Directory.EnumerateFiles(folder["mixed"]).Sum(f => new FileInfo(f).Length), 1, (long)(0.75 * before));
        JsonElement mixed = JsonDocument.Parse(text).RootElement.GetProperty("outcome");
        Assert.NotEqual(0, mixed.GetProperty("chosen").GetArrayLength());
        Assert.NotEqual(0, mixed.GetProperty("tried").GetArrayLength());
        Assert.Contains("Row", mixed.GetProperty("tried").EnumerateArray().Select(t => t.GetProperty("granularity").GetString()));
        (code, text, error) = await Run("evaluate", folder["mixed"], "--data", folder["set/dev.tsv"], "--json");
        Assert.True(code == 0, error);
        Assert.Equal(
            JsonDocument.Parse(text).RootElement.GetProperty("classification").GetProperty("loss").GetDouble(),
            mixed.GetProperty("after").GetProperty("loss").GetDouble());

        (code, _, error) = await Run("prune", run, "--out", folder["pruned"], "--sparsity", "0.9", "--step", "0.9", "--recovery-epochs", "0", "--threads", "1");
        Assert.True(code == 0, error);
        (code, text, error) = await Run("quantize", folder["pruned"], "--out", folder["both"], "--bits", "8", "--json");
        Assert.True(code == 0, error);
        JsonElement outcome = JsonDocument.Parse(text).RootElement.GetProperty("outcome");
        Assert.True(outcome.GetProperty("weightBytes").GetInt64() < 0.9 * new FileInfo(Path.Join(folder["pruned"], "model", "model.safetensors")).Length);
        (code, _, error) = await Run("evaluate", folder["both"], "--data", folder["set/dev.tsv"]);
        Assert.True(code == 0, error);
    }

    [Fact]
    public async Task Prune_HeadsAndUnits_GivesASmallerModelThatOtherCommandsRead()
    {
        using var folder = new TemporaryFolder();
        string run = SmallGrid.Finetune(folder);
        (int code, string text, string error) = await Run(
            "prune", run, "--out", folder["pruned"], "--feed-forward", "16", "--recovery-epochs", "0.5", "--enough", "1", "--threads", "1", "--json");
        Assert.True(code == 0, error);
        JsonElement measures = JsonDocument.Parse(text).RootElement.GetProperty("table").GetProperty("cells")[0].GetProperty("measures");
        (code, text, error) = await Run("evaluate", folder["pruned"], "--data", folder["set/dev.tsv"], "--json");
        Assert.True(code == 0, error);
        JsonElement evaluated = JsonDocument.Parse(text).RootElement;
        Assert.Equal(measures.GetProperty("quality").GetDouble(), evaluated.GetProperty("classification").GetProperty("accuracy").GetDouble());
        Assert.Equal(measures.GetProperty("nonZero").GetInt64(), evaluated.GetProperty("parameters").GetInt64());
    }

    [Fact]
    public async Task Compress_TranslationRun_SpeaksOfBleuAndGivesAPackageThatTranslates()
    {
        using var folder = new TemporaryFolder();
        string grid = folder["grid"];
        (int code, string text, string error) = await Run(
            "compress", trained.Run, "--out", grid, "--sparsity", "0", "0.5", "--bits", "32", "8", "--step", "0.5", "--evaluations", "2", "--threads", "1", "--max-drop", "100%");
        Assert.True(code == 0, error);
        Assert.Contains($"uncompressed BLEU {trained.Bleu:F2} of 12 sentences", error, StringComparison.Ordinal);
        Assert.Contains("      BLEU ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("accuracy", text, StringComparison.Ordinal);
        (code, string evaluated, error) = await Run("evaluate", grid, "--source", trained.Source, "--references", trained.References, "--beam", "4", "--json");
        Assert.True(code == 0, error);
        double bleu = JsonDocument.Parse(evaluated).RootElement.GetProperty("translation").GetProperty("bleu").GetProperty("score").GetDouble();
        Assert.Contains($"with a beam of 4: BLEU {bleu:F2}", text, StringComparison.Ordinal);
        (code, text, error) = await Run("runs", folder[""]);
        Assert.True(code == 0, error);
        Assert.Contains($"uncompressed BLEU {trained.Bleu:F2}; best cell", text, StringComparison.Ordinal);

        // Another file in the place of one of the run's is found out; so it is the moved one that is read.
        string[] moved = ["compress", trained.Run, "--out", folder["moved"], "--sparsity", "0", "--bits", "8", "--threads", "1"];
        File.Copy(trained.References, folder["others"]);
        (code, _, error) = await Run([.. moved, "--dev-source", folder["others"]]);
        Assert.Equal(1, code);
        Assert.Contains("the files that are named are not those", error, StringComparison.Ordinal);
        (code, _, error) = await Run([.. moved, "--train-source", trained.Source, trained.Source]);
        Assert.Equal(2, code);
        Assert.Contains("2 files of source sentences and 1 of translations", error, StringComparison.Ordinal);
        (code, _, error) = await Run([.. moved, "--dev", trained.Source]);
        Assert.Equal(1, code);
        Assert.Contains("is a translation run; name where its pairs lie now with --train-source", error, StringComparison.Ordinal);
        File.Copy(trained.Source, folder["elsewhere"]);
        (code, _, error) = await Run([.. moved, "--dev-source", folder["elsewhere"]]);
        Assert.True(code == 0, error);

        // A grid's model has been compressed already, and knows no data to win anything back on.
        (code, _, error) = await Run("prune", grid, "--out", folder["again"], "--sparsity", "0.5");
        Assert.Equal(1, code);
        Assert.Contains("is a run of compression, whose model has no task", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prune_TranslationRunTooFar_SaysWhatIsLostAndStaysPrunedWhenQuantized()
    {
        using var folder = new TemporaryFolder();
        (int code, _, string error) = await Run(
            "compress", trained.Run, "--out", folder["grid"], "--sparsity", "0.97", "--bits", "32", "--step", "0.97", "--recovery-epochs", "0", "--threads", "1", "--max-drop", "0.5%");
        Assert.Equal(1, code);
        Assert.Matches(@"compression loses \d+\.\d\d points of BLEU, 0.50 are allowed: raise --max-drop by", error);
        (code, _, error) = await Run("quantize", folder["grid"], "--out", folder["small"], "--bits", "8");
        Assert.True(code == 0, error);
        EncoderDecoderConfiguration configuration = TranslationFolder.ReadConfiguration(folder["small"]);
        long Pruned(string package) => TranslationPackage.ReadWeights(package, configuration).Masks.Pruned;
        Assert.Equal(Pruned(folder["grid/model"]), Pruned(folder["small"]));
        Assert.True(Pruned(folder["small"]) > 10_000);
        (code, _, error) = await Run("prune", trained.Run, "--out", folder["none"], "--heads", "3");
        Assert.Equal(2, code);
        Assert.Contains("3 attention heads to keep in each layer; expected 1 to 2", error, StringComparison.Ordinal);
        (code, _, error) = await Run("prune", trained.Run, "--out", folder["none"], "--heads", "2");
        Assert.Equal(2, code);
        Assert.Contains("nothing would be taken out", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["none"]));

        // What is there already is a wrong request of every command that would write there.
        (code, _, error) = await Run("prune", trained.Run, "--out", folder["grid"], "--sparsity", "0.5");
        Assert.Equal(2, code);
        Assert.Contains("is there already", error, StringComparison.Ordinal);
        (code, _, error) = await Run("prune", Path.Join(trained.Run, "model"), "--out", folder["none"], "--sparsity", "0.5");
        Assert.Equal(1, code);
        Assert.Contains("is a model without its run", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compress_FailedCellAndMovedData_AreToldWithWhatToDo()
    {
        using var folder = new TemporaryFolder();
        string run = SmallGrid.Finetune(folder), weights = Path.Join(run, "model", "model.safetensors");
        Directory.Move(folder["set"], folder["moved"]);
        string[] grid = ["compress", run, "--out", folder["grid"], "--sparsity", "0%", "--bits", "32", "8", "--threads", "1"];
        (int code, string text, string error) = await Run(grid);
        Assert.Equal(1, code);
        Assert.Contains("name where it lies now with --train", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["grid"]));
        (code, text, error) = await Run([.. grid, "--train", folder["moved"]]);
        Assert.True(code == 0, error);
        Assert.Matches(@"\n  uncompressed +\d+\.\d\d %", text);

        ModelWeights constant = ModelWeights.Load(weights);
        Array.Fill(constant["classifier.dense.bias"].Values, 0.25f);
        constant.Save(weights);
        grid[3] = folder["another"];
        (code, text, error) = await Run([.. grid, "--train", folder["moved"]]);
        Assert.Equal(1, code);
        Assert.Contains("1 of 2 cells failed, s0-b8", error, StringComparison.Ordinal);
        Assert.Contains("failed: all weights of tensor classifier.dense.bias are 0.25", text, StringComparison.Ordinal);
        Assert.True(File.Exists(folder["another/model/config.json"]));
    }

    [Theory]
    [InlineData(2, "name a finetuning or translation run", "compress")]
    [InlineData(2, "sparsity 1; expected 0 or more and less than 1", "compress", "x", "--out", "y", "--sparsity", "1")]
    [InlineData(2, "number of bits 9; expected 2 to 8, or 32", "compress", "x", "--out", "y", "--bits", "9")]
    [InlineData(2, "'1' is no drop in accuracy or BLEU; write it in points of a hundred, as 1%", "compress", "x", "--out", "y", "--max-drop", "1")]
    [InlineData(2, "'5' is no time; write it as 5ms", "compress", "x", "--out", "y", "--max-latency", "5")]
    [InlineData(2, "--frontier takes two of Quality, Bytes", "compress", "x", "--out", "y", "--frontier", "Bytes")]
    [InlineData(2, "go on without --bits", "compress", "--resume", "x", "--bits", "4")]
    [InlineData(2, "--threads is 2000; expected 0 to 1024", "compress", "x", "--out", "y", "--threads", "2000")]
    [InlineData(2, "--threads is 1025; expected 0 to 1024", "prune", "x", "--out", "y", "--threads", "1025")]
    [InlineData(1, "there is no run here", "compress", "missing", "--out", "y")]
    [InlineData(1, "there is no run here", "compress", "--resume", "missing")]
    [InlineData(2, "say what goes", "prune", "x", "--out", "y")]
    [InlineData(2, "go on without x", "prune", "x", "--resume", "y")]
    [InlineData(2, "'60x' is no fraction; write it as 0.6 or 60%", "prune", "x", "--out", "y", "--sparsity", "60x")]
    [InlineData(2, "sparsity 60; expected 0 or more and less than 1", "compress", "x", "--out", "y", "--sparsity", "60")]
    [InlineData(2, "a step of 1E-09 of the weights; expected 0.001 or more", "prune", "x", "--out", "y", "--sparsity", "0.5", "--step", "1e-9")]
    [InlineData(2, "sparsity 1.5; expected", "prune", "x", "--out", "y", "--sparsity", "1.5")]
    [InlineData(2, "1 bits; expected 2 to 8", "quantize", "x", "--out", "y", "--bits", "1")]
    [InlineData(2, "groups of 48 columns; expected 32, 64 or 128", "quantize", "x", "--out", "y", "--granularity", "Group", "--group-size", "48")]
    [InlineData(2, "--group-size is for --granularity Group", "quantize", "x", "--out", "y", "--group-size", "32")]
    [InlineData(2, "'much' is no size; write it as 250kB or 2MB", "quantize", "x", "--out", "y", "--max-size", "much", "--data", "d")]
    [InlineData(2, "--enough is 3; expected 0 to 1", "prune", "x", "--out", "y", "--sparsity", "0.5", "--enough", "3")]
    [InlineData(2, "leave --bits out", "quantize", "x", "--out", "y", "--max-size", "2MB", "--data", "d", "--bits", "4")]
    [InlineData(1, "is no model", "quantize", "missing", "--out", "y")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        using var folder = new TemporaryFolder();
        (int ended, _, string error) = await Run([.. args.Select(a => a is "missing" or "y" ? folder[a] : a)]);
        Assert.Equal(code, ended);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["y"]));
    }

    [Fact]
    public async Task Quantize_FolderThatIsThere_LeavesItAlone()
    {
        using var folder = new TemporaryFolder();
        string run = SmallGrid.Finetune(folder);
        byte[] before = File.ReadAllBytes(Path.Join(run, "model", "model.safetensors"));
        (int code, _, string error) = await Run("quantize", run, "--out", Path.Join(run, "model"));
        Assert.Equal(2, code);
        Assert.Contains("is there already", error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path.Join(run, "model", "model.safetensors")));

        // An empty one too, and at once: what would be made could not be put there.
        string empty = Directory.CreateDirectory(folder["empty"]).FullName;
        (code, _, error) = await Run("quantize", run, "--out", empty);
        Assert.Equal(2, code);
        Assert.Contains("is there already", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Quantize_KeepThatIsNoTensor_NamesTheNearest()
    {
        using var folder = new TemporaryFolder();
        string run = SmallGrid.Finetune(folder);
        (int code, _, string error) = await Run("quantize", run, "--out", folder["q"], "--keep", "clasifier*", "roberta.embeddings.*");
        Assert.Equal(1, code);
        Assert.Contains("'clasifier*' (the nearest is classifier.dense.bias)", error, StringComparison.Ordinal);
        Assert.DoesNotContain("roberta", error, StringComparison.Ordinal);
        (code, _, error) = await Run("compress", run, "--out", folder["grid"], "--keep", "classifier");
        Assert.Equal(1, code);
        Assert.Contains("'classifier' (the nearest is classifier.dense.bias)", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["q"]) || Directory.Exists(folder["grid"]));
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
