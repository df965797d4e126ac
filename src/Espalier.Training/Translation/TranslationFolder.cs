using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>The folder of a model that translates: <c>config.json</c>, <c>tokenizer.json</c>, <c>model.safetensors</c>, and how good it is.</summary>
public static class TranslationFolder
{
    /// <summary>Name of the file that says how good the model is.</summary>
    public const string BestName = "best.json";

    /// <summary>Whether a folder holds a model that translates, compressed or not.</summary>
    public static bool IsAt(string folder)
    {
        string path = Path.Join(folder, EncoderDecoderFormat.FileName);
        return File.Exists(path) && EncoderDecoderFormat.IsOf(File.ReadAllBytes(path));
    }

    /// <summary>What <c>config.json</c> holds.</summary>
    public static byte[] ConfigurationOf(EncoderDecoderConfiguration configuration, Tokenizer tokenizer)
        => EncoderDecoderFormat.Write(configuration, tokenizer.Special.Bos, tokenizer.Special.Pad, tokenizer.Special.Eos);

    /// <summary>Reads the model's configuration.</summary>
    /// <exception cref="RunException">There is none, or it is of another kind of model.</exception>
    public static EncoderDecoderConfiguration ReadConfiguration(string folder)
    {
        string path = Path.Join(folder, EncoderDecoderFormat.FileName);
        try
        {
            return EncoderDecoderFormat.Read(path, File.ReadAllBytes(path)).ToModel(path);
        }
        catch (ModelFormatException e)
        {
            throw new RunException(e.Path, e.Problem, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunException(path, $"is no model's configuration: {e.Message}", e);
        }
    }

    /// <summary>Reads how good the model is; null where nothing says so.</summary>
    /// <exception cref="RunDamagedException">The file is no such record.</exception>
    public static TranslationBest? ReadBest(string folder)
    {
        string path = Path.Join(folder, BestName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), TranslationJson.Default.TranslationBest) : null;
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(path, $"is no record of a model's quality: {e.Message}; remove it, and the next evaluation writes it anew", e);
        }
    }

    /// <summary>Writes the files into a folder that is there.</summary>
    internal static void Write(
        string folder, ParameterSet parameters, EncoderDecoderConfiguration configuration, Tokenizer tokenizer, TranslationBest? best)
    {
        tokenizer.Save(Path.Join(folder, ModelFolder.TokenizerName));
        RunStorage.WriteThrough(
            Path.Join(folder, EncoderDecoderFormat.FileName), new MemoryStream(ConfigurationOf(configuration, tokenizer)));
        if (best != null)
        {
            RunStorage.WriteThrough(
                Path.Join(folder, BestName), new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(best, TranslationJson.Default.TranslationBest)));
        }

        TensorTransfer.Save(
            Path.Join(folder, ModelFolder.WeightsName), parameters.Device, parameters.Stored(),
            new Dictionary<string, string> { ["format"] = "pt" });
    }
}
