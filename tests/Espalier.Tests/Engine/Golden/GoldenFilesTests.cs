using System.Globalization;
using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Golden;

/// <summary>
/// The dumps hold what README.md promises, so that a parity test that passes has compared something. They are also files of
/// another writer (Python's struct and json), which the reader must understand.
/// </summary>
public class GoldenFilesTests
{
    [Theory]
    [InlineData("encoder-prenorm-mlm", 43)]
    [InlineData("encoder-postnorm-mlm", 41)]
    [InlineData("encoder-prenorm-classifier", 42)]
    [InlineData("encoder-decoder", 85)]
    public void Golden_AnyModel_HasAGradientForEveryParameterAndFallingLosses(string model, int parameters)
    {
        using SafetensorsFile file = GoldenFiles.Open(model);

        Assert.Equal(model, file.Metadata["model"]);
        string[] names = Names(file, "param.");
        Assert.Equal(parameters, names.Length);
        Assert.Equal(names, Names(file, "grad."));
        Assert.Subset(names.ToHashSet(), Names(file, "final.").ToHashSet());
        Assert.All(names, name => Assert.Equal(file.Tensors["param." + name].Shape, file.Tensors["grad." + name].Shape));
        Assert.All(Names(file, "final."),
            name => Assert.Equal(file.Tensors["param." + name].Shape, file.Tensors["final." + name].Shape));
        Assert.All(file.Tensors.Values.Where(entry => entry.Dtype == Dtype.F32),
            entry => Assert.All(file.Floats(entry.Name), value => Assert.True(float.IsFinite(value))));

        // A key's bias moves all scores alike: its gradient is nothing but rounding. Every other one must say something.
        Assert.All(names, name => Assert.Equal(
            name.EndsWith("key.bias") || name.EndsWith("k_proj.bias"), file.Floats("grad." + name).Max(MathF.Abs) < 1e-6f));

        float[] losses = file.Floats("output.losses");
        Assert.Equal(10, losses.Length);
        Assert.Equal(file.Floats("output.loss"), losses[..1]);
        Assert.Equal(losses.OrderDescending(), losses);
    }

    [Theory]
    [InlineData("encoder-prenorm-mlm")]
    [InlineData("encoder-postnorm-mlm")]
    public void Golden_MaskedLanguageModel_PredictsWithinTheBatch(string model)
    {
        using SafetensorsFile file = GoldenFiles.Open(model);
        int tokens = CheckSequences(file, "input.ids", "input.offsets");
        int[] positions = file.Integers("input.masked_positions");

        Assert.Equal(positions.Distinct().Order(), positions);
        Assert.All(positions, position => Assert.InRange(position, 0, tokens - 1));
        CheckClasses(file, "input.targets", positions.Length, Size(file, "vocab"));
    }

    [Fact]
    public void Golden_Classifier_HasALabelForEachSequence()
    {
        using SafetensorsFile file = GoldenFiles.Open("encoder-prenorm-classifier");
        CheckSequences(file, "input.ids", "input.offsets");

        CheckClasses(file, "input.labels", file.Integers("input.offsets").Length - 1, classes: 3);
    }

    [Fact]
    public void Golden_EncoderDecoder_ReadsItsTargetsOneStepLater()
    {
        using SafetensorsFile file = GoldenFiles.Open("encoder-decoder");
        CheckSequences(file, "input.source_ids", "input.source_offsets");
        int tokens = CheckSequences(file, "input.decoder_ids", "input.decoder_offsets");
        int[] read = file.Integers("input.decoder_ids"), said = file.Integers("input.targets");
        int[] offsets = file.Integers("input.decoder_offsets");

        Assert.Equal(file.Integers("input.source_offsets").Length, offsets.Length);
        CheckClasses(file, "input.targets", tokens, Size(file, "vocab"));
        Assert.All(Enumerable.Range(0, tokens - 1).Where(i => !offsets.Contains(i + 1)), i => Assert.Equal(read[i + 1], said[i]));
    }

    private static string[] Names(SafetensorsFile file, string prefix) =>
        [.. file.Tensors.Keys.Where(name => name.StartsWith(prefix)).Select(name => name[prefix.Length..]).Order()];

    private static int Size(SafetensorsFile file, string name) => int.Parse(file.Metadata[name], CultureInfo.InvariantCulture);

    /// <summary>Offsets rise from 0 to the number of tokens, all of which the vocabulary knows. Returns that number.</summary>
    private static int CheckSequences(SafetensorsFile file, string ids, string offsets)
    {
        int[] tokens = file.Integers(ids), table = file.Integers(offsets);
        Assert.Equal(0, table[0]);
        Assert.Equal(tokens.Length, table[^1]);
        Assert.Equal(table.Distinct().Order(), table);
        Assert.All(tokens, token => Assert.InRange(token, 0, Size(file, "vocab") - 1));
        return tokens.Length;
    }

    private static void CheckClasses(SafetensorsFile file, string targets, int rows, int classes)
    {
        Assert.Equal(rows, file.Integers(targets).Length);
        Assert.All(file.Integers(targets), target => Assert.InRange(target, 0, classes - 1));
        Assert.Equal([rows, classes], file.Tensors["output.logits"].Shape);
    }
}
