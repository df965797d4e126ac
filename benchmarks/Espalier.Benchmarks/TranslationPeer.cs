using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Espalier.Benchmarks;

/// <summary>Another program with the same model, which waits between turns; see <c>peers/pytorch_translation.py</c>.</summary>
internal sealed class TranslationPeer : IDisposable
{
    private readonly string _command;
    private readonly Process _process;
    private readonly string _folder;

    /// <summary>Starts it.</summary>
    /// <param name="command">The command; the file of the request is its last argument.</param>
    /// <param name="request">What to translate.</param>
    /// <exception cref="PeerException">It does not start, or ends.</exception>
    public TranslationPeer(string command, TranslationRequest request)
    {
        _command = command;
        _folder = Directory.CreateTempSubdirectory("espalier-benchmark-").FullName;
        string file = Path.Join(_folder, "request.json");
        File.WriteAllText(file, JsonSerializer.Serialize(request, TranslationPeerJson.Default.TranslationRequest));
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        try
        {
            // Where its products are OpenBLAS's they would take every core, whatever is asked for.
            _process = Process.Start(new ProcessStartInfo(words[0], [.. words.Skip(1), file])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                Environment = { ["OPENBLAS_NUM_THREADS"] = request.Threads.ToString(CultureInfo.InvariantCulture) },
            })!;
        }
        catch (Win32Exception e)
        {
            Directory.Delete(_folder, recursive: true);
            throw new PeerException($"peer '{words[0]}' did not start: {e.Message}");
        }

        try
        {
            _ = Line();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Translates everything once.</summary>
    /// <exception cref="PeerException">It ended.</exception>
    public TranslationAnswer Translate(int beam, int batch)
    {
        try
        {
            _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{beam} {batch}"));
            _process.StandardInput.Flush();
            return JsonSerializer.Deserialize(Line(), TranslationPeerJson.Default.TranslationAnswer)!;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw new PeerException($"peer '{_command}' gives no answer: {e.Message}");
        }
    }

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended.
        }

        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Line() => _process.StandardOutput.ReadLine() ?? throw new PeerException($"peer '{_command}' ended early");
}

/// <summary>What a peer is to translate.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Sentences">Sentences that are translated one at a time; in batches all are.</param>
/// <param name="Sources">The tokens of each, without the one that ends it.</param>
/// <param name="Excluded">Symbols that are in no translation.</param>
internal sealed record TranslationRequest(string Model, int Threads, int Sentences, IReadOnlyList<int[]> Sources, IReadOnlyList<int> Excluded);

/// <summary>What a peer made of it.</summary>
/// <param name="TokensPerSecond">Tokens of the translations.</param>
/// <param name="Translations">Their tokens, without the one that ends them.</param>
internal sealed record TranslationAnswer(double TokensPerSecond, IReadOnlyList<int[]> Translations);

[JsonSerializable(typeof(TranslationRequest))]
[JsonSerializable(typeof(TranslationAnswer))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class TranslationPeerJson : JsonSerializerContext;
